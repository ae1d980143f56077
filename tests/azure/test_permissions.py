"""What whoever asks may do is known before anything is created, and a role that is missing comes with its command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.azure.conftest import Cloud
from tests.azure.stand_in import PRINCIPAL, W
from tests.conftest import Done

E = "fin-behavior-ep-fixed"
ASKED = "Microsoft.Authorization/permissions$"
COMMAND = f"az role assignment create --assignee {PRINCIPAL} --role 'AzureML Data Scientist' --scope {W}"
OF = "Microsoft.MachineLearningServices/workspaces"
DATA_SCIENTIST = {
    "actions": [f"{OF}/*/read", f"{OF}/*/action", f"{OF}/*/delete", f"{OF}/*/write"],
    "notActions": [f"{OF}/delete", f"{OF}/write", f"{OF}/computes/*/write", f"{OF}/hubs/write"],
}
"""As Azure has it, as far as it matters here."""


def role(done: Done) -> Any:
    return next(one for one in done.json["checks"] if one["name"] == "role on the workspace")


def test_who_may_not_write_is_refused_before_anything_is_created(named: Cloud) -> None:
    azure = named.azure
    azure.permissions = {"actions": [f"{OF}/*/read", f"{OF}/models/*"], "notActions": []}
    azure.asked.clear()
    refused = named("deploy", "late-payers", "--yes", "-o", "json")
    assert (refused.code, refused.error["code"]) == (8, "access-denied"), str(refused)
    assert f"{OF}/onlineEndpoints/deployments/write" in refused.error["message"]
    assert COMMAND in refused.error["remedy"]
    assert not [path for method, path in azure.asked if method == "PUT"]

    ill = named("doctor", "-o", "json", env={"FINBEHAVE_OFFLINE": "1"})
    assert (ill.code, ill.result["missing"]) == (2, ["role on the workspace"]), str(ill)
    assert COMMAND in role(ill)["remedy"]

    azure.permissions = DATA_SCIENTIST
    planned = named("deploy", "late-payers", "--plan", "-o", "json")
    assert (planned.code, role(planned)["status"]) == (0, "passed"), str(planned)


def test_a_role_on_one_endpoint_suffices_for_its_releases(live: Cloud) -> None:
    azure = live.azure
    azure.permissions = {"actions": [f"{OF}/*/read"], "notActions": []}
    azure.answer_once("GET", f"/{E}/providers/{ASKED}", 200, {"value": [DATA_SCIENTIST]})
    planned = live("deploy", "late-payers", "--plan", "-o", "json")
    assert (planned.code, role(planned)["status"]) == (0, "warning"), str(planned)
    assert "not register models" in role(planned)["detail"]


def test_where_that_cannot_be_read_it_is_a_warning_and_a_refusal_says_the_same(named: Cloud) -> None:
    azure = named.azure
    denied = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization"}}
    azure.answer_once("GET", ASKED, 403, denied)
    planned = named("deploy", "late-payers", "--plan", "-o", "json")
    assert (planned.code, role(planned)["status"]) == (0, "warning"), str(planned)
    assert COMMAND in role(planned)["remedy"]

    azure.answer_once("PUT", "/onlineEndpoints/", 403, denied)
    refused = named("deploy", "late-payers", "--yes", "-o", "json")
    assert refused.code == 8, str(refused)
    assert COMMAND in refused.error["remedy"]
    assert not any("/onlineEndpoints/" in path for path in azure.resources)


def test_a_storage_account_that_refuses_a_file_ends_the_upload_and_names_the_role(cloud: Cloud, package: Path) -> None:
    refused_file = b"<Error><Code>AuthorizationPermissionMismatch</Code><Message>Not authorized.</Message></Error>"
    headers = {"Content-Type": "application/xml", "x-ms-error-code": "AuthorizationPermissionMismatch"}
    cloud.azure.answer_once("PUT", "/model.joblib$", 403, refused_file, **headers)
    refused = cloud("register", str(package), "-o", "json")
    assert (refused.code, refused.error["code"]) == (8, "access-denied"), str(refused)
    assert "the storage account refuses this identity" in refused.error["message"]
    assert (
        "--role 'Storage Blob Data Contributor' --scope $(az ml workspace show -n ws -g rg" in refused.error["remedy"]
    )
    assert cloud.ok("register", str(package))["created"]
