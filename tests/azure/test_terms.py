"""A deployment's terms: network, identity, environment variables; kept through a release, and never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Finbehave
from tests.e2e.test_release import said

E = "fin-behavior-ep-fixed"
VAULT = "https://our-vault.vault.azure.net/secrets/pin"
REFERENCE = f"${{{{keyvault:{VAULT}}}}}"
PULL, READ = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def held(cloud: Cloud, deployment: str = "") -> Any:
    below = f"/deployments/{deployment}" if deployment else ""
    return cloud.azure.resources[f"{W}/onlineEndpoints/{E}{below}"]


def everything_written(folder: Path) -> str:
    files = (path for path in folder.rglob("*") if path.suffix in (".jsonl", ".txt", ".log", ".json"))
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def test_a_private_endpoint_with_an_identity_and_a_secret(named: Cloud) -> None:
    azure = named.azure
    identity = azure.identity("scorer")
    azure.roles = [PULL, READ]
    terms = ("--private", "--identity", "scorer", "--variable", f"PIN={REFERENCE}", "--debug")
    done = named("deploy", "late-payers:1.0.0", *terms, "--yes", "-o", "json")
    assert done.code == 0, str(done)
    seen = {one["name"]: one for one in done.json["checks"]}
    assert "Key Vault Secrets User" in seen["identity of the endpoint"]["detail"]
    assert "private endpoint" in seen["private network"]["detail"]
    assert azure.traffic(E) == {"blue": 100}
    assert held(named)["properties"]["publicNetworkAccess"].lower() == "disabled"
    assert held(named)["identity"]["type"] == "UserAssigned"
    assert list(held(named)["identity"]["userAssignedIdentities"]) == [identity]
    blue = held(named, "blue")["properties"]
    assert blue["egressPublicNetworkAccess"].lower() == "disabled"
    assert blue["environmentVariables"]["PIN"] == REFERENCE

    assert named.ok("deploy", "late-payers:1.0.0", *terms[:-1])["changed"] is False
    other = named("deploy", "late-payers:1.0.0", "--private", "--plan", "-o", "json")
    assert "create-deployment" in {action["kind"] for action in other.result["plan"]}

    azure.failing["green"] = f"SecretsInjectionError: Failed to resolve {VAULT}/7 referenced as {REFERENCE}"
    failed = named("deploy", "late-payers:1.0.1", *terms, "-o", "json")
    assert failed.code == 7, str(failed)
    assert (azure.traffic(E), "bundles" in failed.error["message"]) == ({"blue": 100}, True)
    written = everything_written(named.workspace)
    for text in (done.out, done.err, other.out, failed.out, failed.err, written):
        assert "our-vault" not in text

    azure.failing.clear()
    named.ok("deploy", "late-payers:1.0.1", *terms[:-1])
    named.ok("delete", "--deployment", "blue", "--yes")
    named.ok("rollback", "--yes")
    assert azure.traffic(E) == {"blue": 100}
    blue = held(named, "blue")["properties"]
    assert blue["egressPublicNetworkAccess"].lower() == "disabled"
    assert blue["environmentVariables"]["PIN"] == REFERENCE
    assert held(named)["properties"]["publicNetworkAccess"].lower() == "disabled"
    assert list(held(named)["identity"]["userAssignedIdentities"]) == [identity]


def test_a_release_that_goes_on_keeps_its_terms(named: Cloud) -> None:
    named.ok("deploy", "late-payers:1.0.0")
    words = ("--strategy", "canary", "--bake", "60", "--variable", f"PIN={REFERENCE}", "--max-instances", "3")
    words += ("--workers", "3")
    process = named.start("deploy", "late-payers:1.0.1", *words, "-o", "json")
    said(process, "traffic blue=90 green=10")
    process.kill()
    process.wait()
    named.azure.resources[f"{W}/onlineEndpoints/{E}/deployments/green"]["sku"]["capacity"] = 2  # as its rule would
    assert named.ok("deploy", "--resume")["traffic"] == {"green": 100}
    assert named.azure.asked.count(("PUT", f"{W}/onlineEndpoints/{E}/deployments/green")) == 1
    variables = held(named, "green")["properties"]["environmentVariables"]
    assert (variables["PIN"], variables["WORKER_COUNT"]) == (REFERENCE, "3")
    assert list(named.azure.rules()) == ["green"]


def test_terms_that_cannot_hold_are_refused_before_anything_is_created(named: Cloud) -> None:
    named.ok("deploy", "late-payers:1.0.0")
    named.azure.identity("scorer")
    for words, code, remedy in (
        (("--private",), 2, "public_network_access=disabled"),
        (("--identity", "scorer"), 2, "another --endpoint"),
        (("--identity", "nobody", "--endpoint", "other-ep"), 3, "az identity create"),
        (("--identity", "a/b"), 2, "az identity show"),
        (("--variable", "PIN"), 2, "keyvault"),
        (("--variable", "P-I-N=1"), 2, "keyvault"),
        (("--variable", f"PIN={REFERENCE[:-1]}"), 2, "single quotes"),
        (("--variable", "WORKER_COUNT=9"), 2, "--variable"),
    ):
        refused = named("deploy", "late-payers:1.0.1", *words, "-o", "json")
        assert refused.code == code, str(refused)
        assert remedy in refused.error["remedy"]
        assert "our-vault" not in refused.out + refused.err
    assert not any(path.endswith(("/green", "other-ep")) for path in named.azure.resources)
    assert named.azure.traffic(E) == {"blue": 100}


def test_doctor_says_what_a_release_on_these_terms_lacks(cloud: Cloud) -> None:
    settings = {"FINBEHAVE_PRIVATE": "true", "FINBEHAVE_IDENTITY": "scorer", "FINBEHAVE_OFFLINE": "1"}
    lacking = cloud("doctor", "-o", "json", env=settings)
    assert lacking.code == 2, str(lacking)
    assert lacking.result["missing"] == ["identity of the endpoint"]

    cloud.azure.identity("scorer")
    cloud.azure.resources[W]["properties"]["privateEndpointConnections"] = [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ]
    ready = cloud("doctor", "-o", "json", env=settings)
    assert ready.code == 0, str(ready)
    seen = {one["name"]: one for one in ready.json["checks"]}
    assert seen["identity of the endpoint"]["status"] == "warning"
    assert "AcrPull" in seen["identity of the endpoint"]["detail"]
    assert "p-scorer" in seen["identity of the endpoint"]["remedy"]
    assert seen["private network"]["status"] == "passed"
    assert {"quota", "role on the workspace"} <= set(seen)


def test_this_machine_refuses_what_is_azures(finbehave: Finbehave, package: Path) -> None:
    finbehave.ok("register", str(package))
    for words in (("--private",), ("--identity", "scorer"), ("--variable", "PIN=1")):
        refused = finbehave("deploy", "late-payers", *words, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
        assert words[0] in refused.error["message"]
        assert "--backend azure" in refused.error["remedy"]
    assert finbehave.ok("deploy", "late-payers", "--plan", env={"FINBEHAVE_PRIVATE": "true"})["plan"]
