"""The machine's clock is set back and forward while an endpoint answers: libfaketime shifts it for its processes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Finbehave
from tests.e2e.broken import says_yes
from tests.e2e.client import Client, rows_of
from tests.e2e.test_release import ended, said
from tests.local.live import answers_after, until

HOUR = 3600


def shifter() -> Path | None:
    """The library that shifts the clock, where there is one for this machine."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        return None
    library = Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    return library if library.is_file() else None


pytestmark = pytest.mark.skipif(shifter() is None, reason="libfaketime is not installed")


class Shifted(Finbehave):
    """The program on a machine whose clock can be set; its steady clock goes on as ever."""

    @property
    def _offset(self) -> Path:
        return self.folder / "offset"

    def set_clock(self, seconds: int) -> None:
        """So much away from what it is, for every process of it that runs."""
        fresh = self._offset.with_suffix(".fresh")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._offset)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        if not self._offset.exists():
            self.set_clock(0)
        shifting = {
            "LD_PRELOAD": str(shifter()), "FAKETIME_TIMESTAMP_FILE": str(self._offset), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0", "NO_FAKE_STAT": "1",
        }  # fmt: skip
        return super().environment({**shifting, **(more or {})})


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Shifted]:
    program = Shifted(tmp_path)
    try:
        yield program
    finally:
        program.end()


@pytest.fixture
def client(machine: Shifted, package: Path, behaviour: Path) -> Client:
    """Of an endpoint with the first model; it asks about every row of a file in turn."""
    machine.ok("register", str(package))
    uri = machine.ok("deploy", "late-payers")["scoring_uri"]
    rows = rows_of(behaviour)
    return Client(uri, machine.ok("keys", "show")["primary"], rows[0], rows)


def entries(machine: Shifted) -> list[Any]:
    found: list[Any] = machine.ok("traffic", "ledger")["entries"]
    return found


def test_releases_and_rollbacks_keep_their_order_when_the_clock_is_set_back(
    machine: Shifted, client: Client, other_package: Path
) -> None:
    machine.ok("register", str(other_package))
    with client.asking():
        release = machine.start(
            "deploy", "late-payers", "--strategy", "canary", "--steps", "50,100", "--bake", "2", "-o", "json"
        )
        said(release, "traffic blue=50 green=50")
        machine.set_clock(-HOUR)
        code, document = ended(release)
        assert (code, document["result"]["traffic"]) == (0, {"green": 100}), document
        machine.ok("traffic", "set", "blue=30", "green=70")
        assert machine.ok("rollback", "--yes")["traffic"] == {"green": 100}
        assert machine.ok("rollback", "--yes")["traffic"] == {"blue": 100}
        answers_after(client)
        machine.set_clock(HOUR)
        machine.ok("traffic", "set", "green=100")
        answers_after(client)
    assert client.failed == []
    times = [entry["time"] for entry in entries(machine)]
    assert times != sorted(times)  # it was set back
    assert [entry["revision"] for entry in entries(machine)] == list(range(1, len(times) + 1))
    assert entries(machine)[-1]["traffic"] == {"green": 100}


def test_a_canary_that_answers_otherwise_is_found_out_though_the_clock_is_set_back_under_it(
    machine: Shifted, client: Client, package: Path, tmp_path: Path
) -> None:
    machine.ok("register", str(says_yes(package, tmp_path / "yes")))
    with client.asking():
        release = machine.start("deploy", "late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
        said(release, "traffic blue=90 green=10")
        machine.set_clock(-HOUR)
        code, document = ended(release)
    assert (code, document["error"]["code"]) == (7, "release-aborted"), document
    assert "shift of answers" in document["error"]["message"]
    assert client.failed == []


def test_limits_logs_and_starts_go_on_when_the_clock_is_set(machine: Shifted, client: Client) -> None:
    machine.ok("deploy", "late-payers", "--rate-limit", "1")
    bearer = {"Authorization": f"Bearer {client.key}"}

    def ask() -> int:
        return httpx.post(client.uri, json=client.rows[0], headers=bearer, timeout=60).status_code

    for offset in (-HOUR, HOUR):
        until("a refusal", lambda: ask() == 429)
        machine.set_clock(offset)
        until("an answer", lambda: ask() == 200)
        until("another refusal", lambda: ask() == 429)
        machine.ok("stop", "--yes")
        machine.ok("start")
        recent = [line["text"] for line in machine.ok("logs", "--since", "5m")["lines"]]
        assert any(text.startswith("supervisor") and text.endswith("starts") for text in recent)
