"""Which release a rollback goes back to, read from the ledger alone."""

from __future__ import annotations

import pytest

from finbehave.domain.endpoint import LedgerEntry, Traffic
from finbehave.errors import NotFound
from finbehave.workflows.history import by_hand, entry_at, previous, released, rolled_back, undone
from finbehave.workflows.split import split_at, split_text


class Ledger:
    """A ledger in the making; ``models`` are those of blue and green."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.models: dict[str, str] = {}

    def write(self, reason: str, traffic: Traffic) -> None:
        revision = len(self.entries) + 1
        self.entries.append(LedgerEntry(revision, "", "ann@desk", reason, traffic, dict(self.models)))

    def deploy(self, model: str, colour: str, *steps: Traffic) -> None:
        self.models[colour] = model
        for split in steps:
            self.write(released(model, colour, split[colour]), split)

    def back(self) -> LedgerEntry:
        entry = previous(self.entries)
        self.write(rolled_back(entry.revision), entry.traffic)
        return entry


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.deploy("spend:1.0.0", "blue", {"blue": 100})
    return ledger


CANARY = ({"blue": 90, "green": 10}, {"blue": 50, "green": 50}, {"green": 100})


def test_a_rollback_skips_the_steps_of_a_canary(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", *CANARY)
    assert previous(ledger.entries).traffic == {"blue": 100}


def test_a_canary_that_stands_half_way_is_rolled_back_to_what_was_before_it(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", *CANARY[:2])
    assert previous(ledger.entries).revision == 1


def test_a_second_rollback_goes_further_back_and_a_third_has_nowhere_to_go(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", {"green": 100})
    ledger.deploy("spend:1.2.0", "blue", {"blue": 100})
    assert ledger.back().traffic == {"green": 100}
    assert ledger.back().models["blue"] == "spend:1.0.0"
    with pytest.raises(NotFound):
        previous(ledger.entries)


def test_after_a_rollback_and_another_deploy_the_way_back_leads_to_what_the_rollback_restored(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", {"green": 100})
    ledger.back()
    ledger.deploy("spend:1.2.0", "green", {"green": 100})
    assert previous(ledger.entries).traffic == {"blue": 100}


def test_a_rollback_that_had_to_use_the_other_colour_counts_as_the_release_it_restored(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", {"green": 100})
    ledger.models["green"] = "spend:1.0.0"
    ledger.models["blue"] = "spend:1.1.0"
    ledger.write(rolled_back(1), {"green": 100})
    with pytest.raises(NotFound):
        previous(ledger.entries)


def test_a_release_that_was_undone_is_not_gone_back_to(ledger: Ledger) -> None:
    ledger.deploy("spend:1.1.0", "green", {"green": 100})
    ledger.deploy("spend:1.2.0", "blue", {"green": 90, "blue": 10})
    ledger.write(undone(2, "deploy spend:1.2.0 on blue"), {"green": 100})
    assert previous(ledger.entries).traffic == {"blue": 100}


def test_a_first_release_that_was_undone_leaves_nothing_to_go_back_to() -> None:
    ledger = Ledger()
    ledger.deploy("spend:1.0.0", "blue", {"blue": 100})
    ledger.write(undone(0, "deploy spend:1.0.0 on blue"), {})
    with pytest.raises(NotFound):
        previous(ledger.entries)
    with pytest.raises(NotFound):
        previous([])


def test_a_split_set_by_hand_is_one_to_go_back_to_and_repeating_it_is_not(ledger: Ledger) -> None:
    ledger.models["green"] = "spend:1.1.0"
    ledger.write(by_hand("a look"), {"blue": 80, "green": 20})
    ledger.write(by_hand("deploy x on y, canary at 10 %"), {"green": 100})
    assert previous(ledger.entries).traffic == {"blue": 80, "green": 20}
    ledger.write(by_hand(), {"green": 100})
    assert previous(ledger.entries).traffic == {"blue": 80, "green": 20}


def test_a_revision_is_found_by_its_number_and_one_without_traffic_is_refused(ledger: Ledger) -> None:
    ledger.write(by_hand("out of service"), {})
    assert entry_at(ledger.entries, 1).traffic == {"blue": 100}
    for revision in (2, 3):
        with pytest.raises(NotFound):
            entry_at(ledger.entries, revision)


@pytest.mark.parametrize(
    ("before", "share", "after"),
    [
        ({"blue": 100}, 10, {"blue": 90, "green": 10}),
        ({"blue": 100, "green": 0}, 100, {"blue": 0, "green": 100}),
        ({"blue": 90, "green": 10}, 50, {"blue": 50, "green": 50}),
        ({"blue": 50, "red": 50}, 5, {"blue": 48, "red": 47, "green": 5}),
        ({"blue": 33, "red": 67}, 50, {"blue": 17, "red": 33, "green": 50}),
        ({}, 10, {"green": 100}),
    ],
)
def test_the_others_share_what_a_new_deployment_leaves(before: Traffic, share: int, after: Traffic) -> None:
    split = split_at(before, "green", share)
    assert split == after
    assert sum(split.values()) == 100


def test_a_split_is_told_without_those_that_hold_nothing() -> None:
    assert split_text({"blue": 90, "green": 10, "red": 0}) == "blue=90 green=10"
    assert split_text({}) == "no traffic"
