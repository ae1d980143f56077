"""Every fault of Azure that an operator meets: exit code, error, remedy, and what the service holds afterwards.

A second model is deployed beside a live one. Whatever happens, the traffic, the ledger and the deployments are as they
were, and what the failed deployment has said is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.azure.conftest import Cloud
from tests.azure.stand_in import Azure, W
from tests.azure.stand_in.names import LOGIN, MANAGER, SCORING

E = "fin-behavior-ep-fixed"
ENDPOINT = f"{W}/onlineEndpoints/{E}"
GREEN = f"{ENDPOINT}/deployments/green$"
CODE = r"^/[0-9a-f]{32}/"
"""Where the scoring code is uploaded to."""

VAULT = ("--variable", "PIN=${{keyvault:https://our-vault.vault.azure.net/secrets/pin}}")


@dataclass(frozen=True)
class Fault:
    """``brought`` makes the service do it. ``log`` is in what is kept of the deployment, where one was made."""

    name: str
    brought: Callable[[Azure], object]
    code: int
    error: str
    message: str
    remedy: str
    log: str | None = None
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def refused(method: str, path: str, status: int, code: str, message: str, *details: str) -> Callable[[Azure], object]:
    """The service refuses a request."""
    body = {"error": {"code": code, "message": message, "details": [{"message": one} for one in details]}}
    return lambda azure: azure.answer_once(method, path, status, body)


def storage(code: str) -> Callable[[Azure], object]:
    """Blob storage refuses an upload."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>This request is not authorized.</Message></Error>"
    return lambda azure: azure.answer_once("PUT", CODE, 403, body.encode(), **{"x-ms-error-code": code})


def login(words: str) -> Callable[[Azure], object]:
    """The login service gives no token."""
    body = {"error": "invalid_client", "error_description": words}
    return lambda azure: azure.answer_once("POST", "/oauth2/v2.0/token$", 401, body)


def failed(code: str, message: str) -> Callable[[Azure], object]:
    """Making the deployment is begun, and fails."""
    return lambda azure: azure.failing.update(green=(code, message))


def lacking(role: str) -> Callable[[Azure], object]:
    """The endpoint's identity has not been given a role."""
    return lambda azure: azure.lacking.add(role)


def unreachable(host: str) -> Callable[[Azure], object]:
    """The proxy finds no way to a host."""
    return lambda azure: azure.unreachable.add(host)


ACCESS = (
    Fault("no role on the workspace", refused("PUT", GREEN, 403, "AuthorizationFailed",
          "The client 'c' does not have authorization to perform action 'onlineEndpoints/deployments/write'"),
          8, "access-denied", "does not have authorization", "AzureML Data Scientist"),
    Fault("no role to read endpoints", refused("GET", "/onlineEndpoints$", 403, "AuthorizationFailed", "No."),
          8, "access-denied", "a role is missing", "AzureML Data Scientist"),
    Fault("no role to read keys", refused("POST", "/listKeys$", 403, "AuthorizationFailed", "No."),
          8, "access-denied", "a role is missing", "AzureML Data Scientist", log="azmlinfsrv"),
    Fault("no role on the storage", storage("AuthorizationPermissionMismatch"),
          8, "access-denied", "the storage account refuses this identity", "Storage Blob Data Contributor"),
    Fault("an expired secret", login("AADSTS7000222: The provided client secret keys are expired."),
          8, "access-denied", "AADSTS7000222", "AZURE_CLIENT_SECRET"),
    Fault("a subscription that is not registered", refused("PUT", GREEN, 409, "MissingSubscriptionRegistration",
          "The subscription is not registered to use namespace 'Microsoft.MachineLearningServices'."),
          2, "configuration", "not registered", "az provider register"),
    Fault("a subscription that is not there", refused("GET", "/onlineEndpoints$", 404, "SubscriptionNotFound",
          "The subscription could not be found."), 3, "not-found", "no such subscription", "AZURE_SUBSCRIPTION_ID"),
)  # fmt: skip

NETWORK = (
    Fault("the storage account's firewall", storage("AuthorizationFailure"),
          9, "unavailable", "from this network", "az storage account network-rule add"),
    Fault("no public access", refused("GET", "/onlineEndpoints$", 403, "PublicNetworkAccessDisabled",
          "Public network access is disabled. Use an approved private endpoint."),
          9, "unavailable", "the network does not let this machine through", "virtual network"),
    Fault("no way to the resource manager", unreachable(MANAGER),
          9, "unavailable", "cannot be reached", "HTTPS_PROXY"),
    Fault("no way to the login service", unreachable(LOGIN),
          9, "unavailable", "cannot be reached", "HTTPS_PROXY"),
    Fault("no way to the endpoint", unreachable(f"{E}{SCORING}"),
          9, "unavailable", "cannot be reached", "HTTPS_PROXY", log="azmlinfsrv"),
    Fault("a managed network that is not ready", failed("WorkspaceManagedNetworkNotReady", "It is not provisioned."),
          2, "configuration", "managed network", "az ml workspace provision-network", log=""),
)  # fmt: skip

QUOTA = (
    Fault("quota, in the details of a refusal", refused("PUT", GREEN, 400, "BadRequest", "The request is invalid.",
          'InferencingClientCreateDeploymentFailed: {"errors":{"VmSize":["Not enough quota available for Standard_F2s. '
          'Current usage/limit: 0/6. Additional needed: 8"]}}'),
          9, "quota", "Additional needed: 8", "--instance-type"),
    Fault("quota, when it is being made", failed("OutOfQuota", "Not enough cores of the family in this region."),
          9, "quota", "Not enough cores", "--instance-type", log=""),
    Fault("no machine free", failed("OutOfCapacity", "The region has not enough capacity for this size."),
          9, "quota", "no such machine free now", "--instance-type", log=""),
    Fault("a lock", failed("OperationCanceled", "The operation was canceled by a higher priority one."),
          9, "busy", "stopped it", "in a minute", log=""),
)  # fmt: skip

MAKING = (
    Fault("an image that cannot be built", failed("ImageBuildFailure", "Image build failed. Pip subprocess error."),
          7, "image-build-failed", "could not be built", "check-compat", log=""),
    Fault("an image that cannot be pulled", lacking("AcrPull"),
          7, "deployment-failed", "could not be pulled", "AcrPull", log="ImagePullFailed"),
    Fault("a model that cannot be fetched", lacking("Storage Blob Data Reader"),
          7, "deployment-failed", "could not be fetched", "Storage Blob Data Reader", log="DownloadFailed"),
    Fault("a secret that cannot be read", lacking("Key Vault Secrets User"),
          7, "deployment-failed", "could not be injected", "Key Vault Secrets User", log="", words=VAULT),
    Fault("a container that ends, and its log comes late", lambda azure: (azure.bare.add("green"), azure.lag_logs(2)),
          7, "deployment-failed", "azureml-inference-server-http is not in the image", "environment.yml",
          log="ModuleNotFoundError"),
    Fault("a fault of Azure's own", failed("InternalServerError", "An internal error has occurred."),
          7, "deployment-failed", "An internal error", "support", log=""),
)  # fmt: skip


FIRST = (
    Fault("a name that is taken", refused("PUT", f"{ENDPOINT}$", 400, "BadRequest",
          "There is already an endpoint with this name, Endpoint name needs to be unique within a region."),
          2, "usage", "perhaps of another customer", "--endpoint"),
    Fault("too many endpoints", refused("PUT", f"{ENDPOINT}$", 400, "BadRequest", "Endpoint Quota reached."),
          9, "quota", "as many endpoints as it may", "finbehave delete"),
    Fault("a first deployment that fails", lambda azure: azure.failing.update(blue=("OutOfQuota", "No cores.")),
          9, "quota", "No cores", "--instance-type", log=""),
)  # fmt: skip


def held(azure: Azure) -> Mapping[str, Any]:
    """What the service holds of the endpoint: traffic, ledger and deployments."""
    return {path: (one["properties"].get("traffic"), one.get("tags"), one["properties"]["provisioningState"])
            for path, one in azure.resources.items() if "/onlineEndpoints/" in path}  # fmt: skip


def met(live: Cloud, fault: Fault) -> None:
    """Deploy while it is so, and see what comes of it."""
    azure, before = live.azure, held(live.azure)
    fault.brought(azure)
    done = live("deploy", "late-payers", *fault.words, "-o", "json")
    assert azure.orders == [], fault.name
    assert (done.code, done.error["code"]) == (fault.code, fault.error), f"{fault.name}: {done}"
    message, remedy = done.error["message"], done.error["remedy"]
    assert fault.message in message, fault.name
    assert fault.remedy in remedy, fault.name
    assert len(message) <= 600
    for thing in (azure.failing, azure.lacking, azure.bare, azure.unreachable):
        thing.clear()
    assert held(azure) == before, fault.name
    assert (done.result is None or done.result["bundle"] is None) == (fault.log is None), fault.name
    if fault.log is not None:
        kept = Path(done.result["bundle"])
        assert fault.log in (kept / "deployment.log").read_text(), fault.name
        assert str(kept) in message, fault.name


def test_what_a_first_deploy_meets_leaves_nothing(named: Cloud) -> None:
    for fault in FIRST:
        met(named, fault)
        assert held(named.azure) == {}
    named.ok("deploy", "late-payers:1.0.0")
    assert named.azure.traffic(E) == {"blue": 100}


@pytest.mark.parametrize("faults", [ACCESS, NETWORK, QUOTA, MAKING], ids=["access", "network", "quota", "making"])
def test_what_a_deploy_meets_leaves_everything_as_it_was(live: Cloud, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        met(live, fault)
    live.ok("deploy", "late-payers", "--yes")
    assert live.azure.traffic(E) == {"green": 100}
