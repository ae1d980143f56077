"""What Azure says when it refuses, in our words: cause, remedy and exit status.

The service reports one cause under several codes and status numbers, and several causes under one; so the text is
matched first, then the status. A finished operation that failed arrives with the status 200 and no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from finbehave.errors import (
    AccessDenied,
    Busy,
    ConfigurationError,
    DeploymentFailed,
    FinbehaveError,
    GateFailed,
    NotFound,
    TimedOut,
    Unavailable,
    UnexpectedError,
    UsageError,
)
from finbehave.redaction import without_references

SHOWN = 260
"""Characters of what Azure said that are quoted; a message has 600 at most."""

LONGEST_TRIED, LONGEST_REASON = 480, 40
"""Characters of all attempts of a chain of credentials, and of why one of them failed."""


class Again(Unavailable):
    """Worth asking again. ``after`` is what the service wants to be waited, in seconds; None where it does not say."""

    after: float | None = None


class Throttled(Again):
    """Too much is asked of the service, or it cannot answer just now."""

    code = "throttled"


class Dropped(Again):
    """The connection broke off; whether the service has done what was asked is not known."""


class QuotaExceeded(Unavailable):
    """The subscription has no room for it."""

    code = "quota"


class ImageBuildFailed(DeploymentFailed):
    """The environment's image could not be built."""

    code = "image-build-failed"


class Taken(GateFailed):
    """What was to be written is there already, with other content."""

    code = "conflict"


@dataclass(frozen=True)
class Sign:
    """Text that gives a cause away, and what is made of it."""

    pattern: str
    kind: type[FinbehaveError]
    title: str
    remedy: str


ROLE = "AzureML Data Scientist"
ROLES = f"an owner of the workspace gives this identity the role {ROLE}"
"""Where the workspace is known, the command that does it follows."""

STORAGE_ROLE = "Storage Blob Data Contributor"
STORAGE_ROLES = f"an owner of the workspace's storage account gives this identity the role {STORAGE_ROLE}"

MORE_QUOTA = (
    "delete a deployment that is not needed (finbehave delete --deployment NAME), name a smaller --instance-type, or "
    "ask for more quota in the portal under Quotas"
)
LATER = "try again in some minutes; a longer --timeout, or FINBEHAVE_PATIENCE, lets it be asked for longer"
SUPPORT = "try again; where that does not help, ask Azure's support, with the time and the endpoint's name"
LOGS = "finbehave logs --backend azure --explain"

SIGNS: tuple[Sign, ...] = (
    Sign(
        r"AADSTS7000222", AccessDenied, "the service principal's secret has expired",
        "make a new secret for the application and set AZURE_CLIENT_SECRET",
    ),
    Sign(
        r"AADSTS7000215", AccessDenied, "the service principal's secret is wrong",
        "set AZURE_CLIENT_SECRET to the secret's value, not to its id",
    ),
    Sign(
        r"AADSTS(700016|90002|50034)", AccessDenied, "the tenant does not know this application",
        "check AZURE_TENANT_ID and AZURE_CLIENT_ID",
    ),
    Sign(
        r"not registered to use namespace .?microsoft\.insights", ConfigurationError,
        "the subscription is not registered for Azure Monitor",
        "az provider register --namespace Microsoft.Insights, then wait a minute",
    ),
    Sign(
        r"MissingSubscriptionRegistration|not registered to use namespace", ConfigurationError,
        "the subscription is not registered for machine learning",
        "az provider register --namespace Microsoft.MachineLearningServices, then wait a minute",
    ),
    Sign(r"Endpoint Quota reached", QuotaExceeded, "the subscription has as many endpoints as it may", MORE_QUOTA),
    Sign(
        r"OutOfQuota|Not enough quota|QuotaExceeded|quota.{0,40}exceeded|exceed\w*.{0,60}quota", QuotaExceeded,
        "the quota does not suffice", MORE_QUOTA,
    ),
    Sign(
        r"OutOfCapacity|not enough capacity|SkuNotAvailable|AllocationFailed", QuotaExceeded,
        "the region has no such machine free now", "name another --instance-type, or try again later",
    ),
    Sign(
        r"already an endpoint with this name|name needs to be unique within a region", UsageError,
        "another endpoint of the region, perhaps of another customer, has this name",
        "name another one with --endpoint",
    ),
    Sign(
        r"in \w+ provisioning state|another operation is in progress|OperationInProgress|concurrent(ly)? (updat|modif)",
        Busy, "another operation on it is under way", "finbehave status --backend azure, and try again when it is done",
    ),
    Sign(r"AuthorizationPermissionMismatch", AccessDenied, "the storage account refuses this identity", STORAGE_ROLES),
    Sign(
        r"AuthorizationFailure\b|not authorized to perform this operation using this network", Unavailable,
        "the storage account lets nobody in from this network",
        "run finbehave from a network that its firewall allows, or allow this one: az storage account network-rule add",
    ),
    Sign(r"AuthorizationFailed|does not have authorization|LinkedAuthorizationFailed", AccessDenied,
         "a role is missing", ROLES),
    Sign(
        r"AcrPull|pull permission|image pull|pull access denied|ImagePull", DeploymentFailed,
        "the image could not be pulled",
        "give the endpoint's identity the role AcrPull on the workspace's container registry",
    ),
    Sign(
        r"Unable to download user", DeploymentFailed, "the model or the scoring code could not be fetched",
        "give the endpoint's identity the role Storage Blob Data Reader on the workspace's storage account",
    ),
    Sign(
        r"ImageBuild|image build|conda env create|Pip subprocess error|ResolvePackageNotFound", ImageBuildFailed,
        "the environment's image could not be built",
        "read the build's log in the portal under Environments, then mend the pins: finbehave check-compat MODEL",
    ),
    Sign(
        r"SecretsInjection", DeploymentFailed, "a secret could not be injected",
        "give the endpoint's identity the role Key Vault Secrets User, and check the reference",
    ),
    Sign(
        r"crashed or terminated|ResourceNotReady|(Liveness|Readiness) probe failed|ContainerExited|failed to boot",
        DeploymentFailed, "the container did not come up", LOGS,
    ),
    Sign(
        r"WorkspaceManagedNetworkNotReady", ConfigurationError, "the workspace's managed network is not there yet",
        "az ml workspace provision-network --name WORKSPACE, then try again",
    ),
    Sign(
        r"public network access.{0,40}(disabled|not allowed)|publicNetworkAccess|not an approved private endpoint|"
        r"PublicNetworkAccessDisabled", Unavailable, "the network does not let this machine through",
        "run finbehave from inside the workspace's virtual network",
    ),
    Sign(
        r"OperationCanceled|ScopeLocked", Busy, "a lock or a higher operation stopped it",
        "remove the lock, or try again in a minute",
    ),
    Sign(
        r"SubscriptionNotFound|InvalidSubscriptionId", NotFound, "there is no such subscription for this identity",
        "check AZURE_SUBSCRIPTION_ID: az account list",
    ),
    Sign(r"ResourceGroupNotFound", NotFound, "there is no such resource group", "check AZURE_RESOURCE_GROUP"),
    Sign(
        r"workspaces/[\w.-]+' under resource group|\bworkspace \S{0,60} ?(was not|not|could not be) found", NotFound,
        "there is no such workspace", "check AZURE_WORKSPACE_NAME: az ml workspace list",
    ),
    Sign(
        r"Connection refused|NameResolution|Failed to resolve|Max retries|Cannot connect to proxy|"
        r"Tunnel connection failed|SSLError|(?<!Read )timed out",
        Unavailable, "Azure cannot be reached", "check the network and HTTPS_PROXY: finbehave doctor --backend azure",
    ),
    Sign(
        r"Connection aborted|Connection reset|Remote end closed|EOF occurred|Connection broken|IncompleteRead|"
        r"Read timed out",
        Dropped, "the connection to Azure broke off", "check the network: finbehave doctor --backend azure",
    ),
)  # fmt: skip
"""In the order in which they are tried; the first that matches counts."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CODE = re.compile(r"^\((?:None|\w+)\)\s*")
_TAIL = re.compile(r"\s*\b(?:Code|Message|Target|Exception Details|Content|Additional Information)\s*:.*", re.DOTALL)
_UNREACHED = re.compile(
    r"Authentication failed: [^\n]*(Tunnel connection failed|Max retries|NameResolution|Failed to resolve|"
    r"Connection (refused|reset|aborted)|timed out)"
)
"""A credential that is there, and a login service that is not reached."""
_ATTEMPT = re.compile(r"^\s*(\w+Credential): (.*)$", re.MULTILINE)


def translated(error: BaseException, doing: str) -> FinbehaveError:
    """An error of ours for one of the SDK's.

    Args:
        error: What it raised.
        doing: What was being done, as "reading the endpoint blue-ep".
    """
    if isinstance(error, FinbehaveError):
        return error
    if attempts := _attempts(error):
        return attempts
    texts = list(_texts(error))
    whole = "\n".join(texts)
    for sign in SIGNS:
        if match := re.search(sign.pattern, whole, re.IGNORECASE):
            near = next((text for text in reversed(texts) if re.search(sign.pattern, text, re.IGNORECASE)), match[0])
            return sign.kind(f"{doing}: {sign.title} ({_short(_told(near, sign.pattern))})", remedy=sign.remedy)
    return _by_status(error, doing, _short(texts[0] if texts else type(error).__name__))


def retry_after(error: BaseException) -> float | None:
    """Seconds that the answer in an error of the SDK asks to wait; None where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(float(milliseconds) / 1000, 0.0)
        return max(float(headers["Retry-After"]), 0.0)
    except (KeyError, TypeError, ValueError):  # a date is as rare as a clock that agrees with Azure's
        return None


def status_of(error: BaseException) -> int | None:
    """The HTTP status, where there was an answer."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _by_status(error: BaseException, doing: str, said: str) -> FinbehaveError:
    name, status = type(error).__name__, status_of(error)
    message = f"{doing}: {said}"
    if name == "ClientAuthenticationError" or status == 401:
        return AccessDenied(message, remedy="az login, then finbehave doctor --backend azure")
    if status == 403:
        return AccessDenied(message, remedy=ROLES)
    if name == "ResourceNotFoundError" or status == 404:
        return NotFound(message, remedy="finbehave status --backend azure, or finbehave models list --backend azure")
    if status == 429 or (status and status >= 500):
        throttled = Throttled(f"{message} (status {status})", remedy=LATER)
        throttled.after = retry_after(error)
        return throttled
    if name == "ResourceExistsError" or status == 409:
        return Busy(message, remedy="finbehave status --backend azure, and try again when it is done")
    if name in ("ServiceRequestTimeoutError", "ServiceResponseTimeoutError"):
        return TimedOut(message, remedy="try again, with a longer --timeout")
    if name in ("ServiceRequestError", "ServiceResponseError", "IncompleteReadError", "ConnectionError"):
        return Dropped(message, remedy="check the network: finbehave doctor --backend azure")
    if name in ("ValidationException", "MlException", "AssetException") or status == 400:
        return UsageError(message, remedy="mend what it names; --debug shows everything that Azure said")
    if status == 200:
        return DeploymentFailed(message, remedy=SUPPORT if "internal" in said.lower() else LOGS)
    return UnexpectedError(f"{doing}: {name}: {said}")


# --- what was said ----------------------------------------------------------------------------------------------


def _texts(error: BaseException) -> Iterator[str]:
    """Every message, the outermost first: the error's own, its cause's, and those of the answer's details."""
    yield _clean(getattr(error, "message", None) or str(error))
    yield from (_clean(text) for text in _details(getattr(error, "error", None)))
    yield from (_clean(text) for text in _of_answer(error))
    if error.__cause__ is not None and error.__cause__ is not error:
        yield from _texts(error.__cause__)


def _details(error: Any) -> Iterator[str]:
    if error is None:
        return
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if code or message:
        yield f"{code or ''} {message or ''}".strip()
    for inner in getattr(error, "details", None) or ():
        yield from _details(inner)


def _of_answer(error: BaseException) -> Iterator[str]:
    response = getattr(error, "response", None)
    try:
        body = json.loads(response.text()) if response is not None else None
    except Exception:  # whatever a half-read or foreign answer does, the error itself is still told
        return
    yield from _messages(body)


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        code, message = value.get("code"), value.get("message")
        if isinstance(message, str):
            yield f"{code or ''} {message}".strip()
        for inner in value.values():
            yield from _messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _messages(inner)


def _clean(text: object) -> str:
    plain = _ANSI.sub("", str(text))
    return without_references(_CODE.sub("", plain.strip()))


def _told(text: str, pattern: str) -> str:
    """The text, or what of it begins with the sign, where that would be cut off."""
    match = re.search(pattern, text, re.IGNORECASE)
    return text[match.start() :] if match and match.end() > SHOWN // 2 else text


def _short(text: str) -> str:
    first = _TAIL.sub("", text).strip() or text
    line = " ".join(first.split()).rstrip(". ")
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


# --- credentials ------------------------------------------------------------------------------------------------


def _attempts(error: BaseException) -> AccessDenied | None:
    """The wall of text that an exhausted chain of credentials raises, in three lines."""
    text = _clean(getattr(error, "message", None) or str(error))
    tried = _ATTEMPT.findall(text)
    if type(error).__name__ not in ("ClientAuthenticationError", "CredentialUnavailableError") or not tried:
        return None
    if _UNREACHED.search(text) or re.search("|".join(sign.pattern for sign in SIGNS[:3]), text):
        return None
    reasons = [(name.removesuffix("Credential"), _reason(why)) for name, why in tried]
    said = "; ".join(name + (f" ({why})" if why else "") for name, why in reasons)
    return AccessDenied(
        f"no Azure credential works. Tried: {said if len(said) <= LONGEST_TRIED else said[:LONGEST_TRIED] + '…'}",
        remedy="az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; "
        "then finbehave doctor --backend azure",
    )


def _reason(why: str) -> str:
    plain = re.split(r"(?<=[a-z])\. |\. (?=[A-Z])", re.sub(r"^\w+ authentication unavailable[.,]? ?", "", why.strip()))[
        0
    ]
    words = plain.strip().rstrip(".")
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"
