"""What needs no service: the ledger in tags, environments, sizes and prices, refusals in our words."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from finbehave.backends.azure import ledger, prices, sizes
from finbehave.backends.azure.environment import BASE_IMAGE, built_environment, curated_reference, pinned
from finbehave.backends.azure.staging import scoring_code
from finbehave.backends.azure.translate import translated
from finbehave.domain.endpoint import LedgerEntry
from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.errors import ConfigurationError, IncompatibleModel, UsageError


def entry(revision: int, **traffic: int) -> LedgerEntry:
    return LedgerEntry(revision, "2026-11-25T09:00:00Z", "ana@host", f"deploy m:1.0.{revision}", traffic,
                       dict.fromkeys(traffic, f"m:1.0.{revision}"))  # fmt: skip


def test_the_ledger_comes_back_from_tags_as_it_was() -> None:
    known = [entry(1, blue=100), entry(2, blue=90, green=10)]
    assert ledger.entries(ledger.written({"team": "risk"}, known)) == tuple(known)


def test_names_too_long_for_one_tag_are_carried_on_in_the_next() -> None:
    long = LedgerEntry(7, "t", "a", "r" * 400, {"blue": 100}, {"blue": "m" * 250 + ":1.0.0"})
    tags = ledger.written({}, [long])
    assert max(map(len, tags.values())) <= 256
    assert ledger.entries(tags) == (long,)


def test_the_oldest_entries_go_when_the_tags_are_full_and_others_tags_stay() -> None:
    others = {f"theirs-{number}": "x" for number in range(10)}
    tags = ledger.written(others, [entry(number, blue=100) for number in range(1, 200)])
    assert len(tags) <= 50
    assert others.items() <= tags.items()
    kept = [one.revision for one in ledger.entries(tags)]
    assert kept == list(range(kept[0], 200))


def test_a_damaged_tag_costs_its_own_entry_only() -> None:
    tags = ledger.written({}, [entry(1, blue=100), entry(2, green=100)])
    tags["finbehave-ledger-000001"] = "not json"
    assert [one.revision for one in ledger.entries(tags)] == [2]


def test_a_split_changed_by_other_means_is_an_entry_of_its_own() -> None:
    seen = ledger.with_outside([entry(3, blue=100)], {"blue": 50, "green": 50}, {"blue": "m:1.0.3"})
    assert (seen[-1].revision, seen[-1].actor, seen[-1].traffic) == (4, ledger.OUTSIDE, {"blue": 50, "green": 50})
    assert ledger.with_outside([entry(3, blue=100)], {"blue": 100, "green": 0}, {}) == (entry(3, blue=100),)


def test_the_image_is_told_the_server_and_every_pin() -> None:
    spec = EnvironmentSpec("x", "3.11", ("scikit-learn==1.5.2", "numpy==1.26.4"))
    built = built_environment(spec)
    pip = built.conda["dependencies"][-1]["pip"]
    assert pip == ["scikit-learn==1.5.2", "numpy==1.26.4", "azureml-inference-server-http==1.5.1"]
    assert built.conda["dependencies"][0] == "python=3.11"
    assert built_environment(spec).name == built.name
    assert re.search(r":\d{8}\.v\d+$", BASE_IMAGE), "a tag that moves"
    assert built_environment(EnvironmentSpec("x", "3.8", ())).conda["dependencies"][-1]["pip"][-1].endswith("==1.3.4")
    with pytest.raises(IncompatibleModel, match=r"3\.7"):
        built_environment(EnvironmentSpec("x", "3.7", ()))


def test_what_a_file_leaves_open_is_pinned_and_an_address_is_kept() -> None:
    wheel = "our-rules @ https://wheels.example/our_rules-2.0-py3-none-any.whl"
    spec = EnvironmentSpec("loose.yml", None, ("scikit-learn>=1.5", wheel))
    installed = {"our-rules": "2.0", "scikit-learn": "1.5.2", "joblib": "1.4.2", "pip": "25.0"}
    found = pinned(spec, Interpreter(Path("python"), "3.11.7", installed))
    assert (found.python, found.requirements) == ("3.11", ("joblib==1.4.2", wheel, "scikit-learn==1.5.2"))


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ("sklearn-1.5", "azureml://registries/azureml/environments/sklearn-1.5/versions/50"),
        ("sklearn-1.5:41", "azureml://registries/azureml/environments/sklearn-1.5/versions/41"),
        ("azureml://registries/azureml/environments/sklearn-1.0/versions/42",
         "azureml://registries/azureml/environments/sklearn-1.0/versions/42"),
    ],
)  # fmt: skip
def test_a_curated_image_has_a_version(said: str, reference: str) -> None:
    assert curated_reference(said) == reference


def test_the_latest_of_a_curated_image_is_refused_with_a_version_that_stays() -> None:
    for said, remedy in (
        ("sklearn-1.5@latest", "sklearn-1.5:50"),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "sklearn-1.5:50"),
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "sklearn-0.24-ubuntu18.04-py37-cpu:VERSION"),
    ):
        with pytest.raises(UsageError, match="names no version") as refused:
            curated_reference(said)
        assert remedy in refused.value.remedy


def test_only_the_scoring_code_is_uploaded() -> None:
    with scoring_code() as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["answers.py", "frames.py", "model.py", "score.py"]


def test_one_machine_takes_the_quota_of_two() -> None:
    assert sizes.quota_cores("Standard_F4s_v2", 1) == 8
    assert sizes.quota_cores("standard_f4s_v2", 5) == 24
    assert sizes.workers("Standard_F4s_v2") == 4
    assert sizes.workers("Standard_F2s_v2") == 2
    assert sizes.workers("Standard_DS1_v2") == 1
    with pytest.raises(UsageError, match="Standard_"):
        sizes.checked_type("F4s_v2")


def test_prices_can_be_ones_own(tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(json.dumps({"as_of": "2026-11", "currency": "EUR", "hourly": {"Standard_F4s_v2": 1.0}}))
    said = prices.monthly_cost("Standard_F4s_v2", 2, table)
    assert "1,460 EUR" in said
    assert "2026-11" in said
    table.write_text("{}")
    with pytest.raises(ConfigurationError, match=r"prices\.json"):
        prices.monthly_cost("Standard_F4s_v2", 2, table)


def test_every_size_has_a_price_that_grows_with_its_cores() -> None:
    hourly = prices.PRICES["hourly"]
    assert set(hourly) == set(sizes.SIZES)
    for family in {size.family for size in sizes.SIZES.values()}:
        a_core = [hourly[name] / size.cores for name, size in sizes.SIZES.items() if size.family == family]
        assert max(a_core) / min(a_core) < 1.01, family
    memory = {family: {size.memory / size.cores for size in sizes.SIZES.values() if size.family == family}
              for family in {size.family for size in sizes.SIZES.values()}}  # fmt: skip
    assert memory == {
        "standardDSv2Family": {3.5}, "standardDASv4Family": {4}, "standardESv3Family": {8}, "standardFSv2Family": {2},
    }  # fmt: skip


def test_a_cost_is_told_with_the_day_of_its_price() -> None:
    said = prices.monthly_cost("Standard_F4s_v2", 2, None)
    assert said.startswith("2 × Standard_F4s_v2, about 247 USD a month")
    assert datetime.date.fromisoformat(prices.PRICES["as_of"]).isoformat() in said
    assert "not in the table" in prices.monthly_cost("Standard_NC4as_T4_v3", 1, None)


REFUSALS = [
    (HttpResponseError("(None) ResourceNotReady: User container has crashed or terminated: Liveness probe failed"), 7,
     "deployment-failed"),
    (HttpResponseError("(OutOfQuota) Not enough quota available for Standard_F4s_v2"), 9, "quota"),
    (HttpResponseError("(BadRequest) There is already an endpoint with this name"), 2, "usage"),
    (HttpResponseError("(BadArgument) Image build failed: Pip subprocess error"), 7, "image-build-failed"),
    (HttpResponseError("Cannot create a deployment because it is in Updating provisioning state"), 9, "busy"),
    (HttpResponseError("(AuthorizationFailed) The client does not have authorization to perform action"), 8,
     "access-denied"),
    (ClientAuthenticationError("AADSTS7000215: Invalid client secret provided"), 8, "access-denied"),
    (ResourceNotFoundError("(ResourceGroupNotFound) Resource group 'x' could not be found."), 3, "not-found"),
    (HttpResponseError("\x1b[31mHTTPSConnectionPool: Max retries exceeded\x1b[0m"), 9, "unavailable"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "code"), REFUSALS, ids=[code for _, _, code in REFUSALS])
def test_every_refusal_has_a_cause_a_remedy_and_a_status(error: Exception, status: int, code: str) -> None:
    ours = translated(error, "doing it")
    assert (ours.exit_status, ours.code) == (status, code)
    assert ours.remedy
    assert "\x1b" not in ours.message
    assert len(ours.message) <= 600


def test_a_chain_without_a_credential_is_three_lines() -> None:
    wall = (
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
        + (
            "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not "
            "fully configured.\nVisit https://aka.ms/x to troubleshoot.\n"
            "\tAzureCliCredential: Azure CLI not found on path\n"
        )
    )
    ours = translated(ClientAuthenticationError(wall), "listing the endpoints")
    assert ours.message == (
        "no Azure credential works. Tried: Environment (Environment variables are not fully con…); "
        "AzureCli (Azure CLI not found on path)"
    )
    assert ours.remedy.startswith("az login")
