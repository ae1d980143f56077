"""The terms of a deployment as Azure holds them, and whether the account has what they need.

Sources: Azure ML, "Secure managed online endpoints with network isolation" (a private endpoint of the workspace is the
only way to an endpoint without public access), "Authentication for managed online endpoints" (an endpoint has its
identity from its creation; a user-assigned one is given no role by itself), "Access secrets from online deployment".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from finbehave.backends.azure.account import Account
from finbehave.backends.azure.capacity import capacity_of
from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.scaling import check_permission, scale_of
from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.endpoint import Terms
from finbehave.errors import AccessDenied, NotFound, UsageError
from finbehave.progress import OpenCheck, Progress, checking

OURS: Mapping[str, str] = {
    "OMP_NUM_THREADS": "",
    "WORKER_COUNT": "--workers N",
    "WORKER_TIMEOUT": "--request-timeout SECONDS, which it follows",
    "FINBEHAVE_DEPLOYMENT": "",
}
"""Variables that finbehave gives every deployment -> the option for it. Those of Azure's own begin with AZUREML_."""

WORKSPACE_VERSION, IDENTITY_VERSION, ROLES_VERSION = "2024-04-01", "2023-01-31", "2022-04-01"
"""Versions of the resource manager's interfaces."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "AcrPull": ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"),
    "Storage Blob Data Reader": (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
}
"""Role of an endpoint's identity -> its id, and those of roles that hold it too. Source: Azure, built-in roles."""

FOR_SECRETS: Mapping[str, tuple[str, ...]] = {
    "Key Vault Secrets User": (
        "4633458b-17de-408a-b874-0445c86b69e6",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    )
}

_IDENTITY = re.compile(
    r"/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+",
    re.IGNORECASE,
)


def identity_id(named: str, account: Account) -> str:
    """The resource id of an identity that is named in full, or by a name in the workspace's resource group.

    Raises:
        UsageError: neither.
    """
    if _IDENTITY.fullmatch(named):
        return named
    if not re.fullmatch(r"[A-Za-z0-9][\w-]{2,127}", named):
        raise UsageError(
            f"{named[:80]!r} names no user-assigned identity",
            remedy="--identity NAME, or its resource id: az identity show --name NAME --resource-group GROUP",
        )
    return f"{account.resource_group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{named}"


def identities_of(endpoint: Any) -> tuple[str, ...]:
    """The resource ids of the user-assigned identities of an SDK's entity."""
    assigned = getattr(endpoint.identity, "user_assigned_identities", None) or ()
    return tuple(str(one.resource_id) for one in assigned)


def terms_of(deployment: Any) -> Terms:
    """The terms that an SDK's entity of a deployment was made under, to make another one like it."""
    variables = {
        name: str(value)
        for name, value in (deployment.environment_variables or {}).items()
        if name not in OURS and not name.startswith("AZUREML_")
    }
    private = str(deployment.egress_public_network_access or "").lower() == "disabled"
    tags = deployment.tags
    return Terms(private, None, tuple(sorted(variables.items())), scale_of(tags), capacity_of(tags))


def check_terms(workspace: Workspace, terms: Terms, there: Any, progress: Progress) -> None:
    """Whether the terms can hold on an endpoint that is there (an SDK's entity, or None), or on a new one.

    Raises:
        UsageError: a variable that is not to be given; an endpoint that was made on other terms.
        NotFound: no such identity.
    """
    for name, _ in terms.variables:
        if name in OURS or name.startswith("AZUREML_"):
            option = OURS.get(name)
            raise UsageError(
                f"the variable {name} is set by finbehave or by Azure",
                remedy=f"leave it out of --variable{f'; there is {option}' if option else ''}",
            )
    if terms.identity:
        with checking(progress, "identity of the endpoint", CheckGroup.ENVIRONMENT) as check:
            _check_identity(workspace, terms, there, check)
    if terms.private:
        with checking(progress, "private network", CheckGroup.ENVIRONMENT) as check:
            _check_network(workspace, there, check)
    if terms.scale:
        check_permission(workspace, progress)


def _check_identity(workspace: Workspace, terms: Terms, there: Any, check: OpenCheck) -> None:
    wanted = identity_id(terms.identity or "", workspace.account)
    name = wanted.rsplit("/", 1)[1]
    if there is not None and wanted.lower() not in [one.lower() for one in identities_of(there)]:
        raise UsageError(
            f"{there.name} was not made with the identity {name}, and an endpoint keeps the one that it was made with",
            remedy="leave out --identity, or name another --endpoint",
        )
    try:
        found = workspace.resource("reading the identity", "GET", wanted, version=IDENTITY_VERSION, patience=5.0)
    except NotFound:
        raise NotFound(
            f"there is no user-assigned identity {name}", remedy=f"az identity create --name {name} --resource-group "
            f"{wanted.split('/')[4]}, and give it the roles {' and '.join(NEEDED)}",
        ) from None  # fmt: skip
    except AccessDenied as error:
        check.status, check.detail, check.remedy = CheckStatus.WARNING, error.message, "ask for the role Reader on it"
        return
    _check_roles(workspace, name, found["properties"]["principalId"], terms, check)


def _check_roles(workspace: Workspace, name: str, principal: str, terms: Terms, check: OpenCheck) -> None:
    """Those that can be seen; one that a group holds cannot."""
    try:
        listed = workspace.resource(
            "reading the identity's roles", "GET",
            f"/subscriptions/{workspace.account.subscription}/providers/Microsoft.Authorization/roleAssignments",
            version=ROLES_VERSION, query={"$filter": f"principalId eq '{principal}'"}, patience=5.0,
        )  # fmt: skip
    except AccessDenied:
        check.status, check.detail = CheckStatus.WARNING, f"{name} is there; its roles cannot be read"
        check.remedy = f"see that it has {' and '.join(NEEDED)}"
        return
    held = {str(one["properties"]["roleDefinitionId"]).rsplit("/", 1)[1].lower() for one in listed["value"]}
    secret = any(value.startswith("${{") for _, value in terms.variables)
    needed = {**NEEDED, **(FOR_SECRETS if secret else {})}
    missing = [role for role, ids in needed.items() if not held & set(ids)]
    check.detail = (
        f"{name}, with {', '.join(role for role in needed if role not in missing) or 'no role that is needed'}"
    )
    if missing:
        check.status = CheckStatus.WARNING
        check.detail += f"; not seen: {', '.join(missing)}"
        check.remedy = f"az role assignment create --assignee-object-id {principal} --role '{missing[0]}' --scope …"


def _check_network(workspace: Workspace, there: Any, check: OpenCheck) -> None:
    if there is not None and str(there.public_network_access or "enabled").lower() != "disabled":
        raise UsageError(
            f"{there.name} is open to the public network",
            remedy=f"az ml online-endpoint update --name {there.name} --set public_network_access=disabled; or name "
            "another --endpoint",
        )
    found = workspace.resource(
        "reading the workspace's network", "GET", workspace.account.resource, version=WORKSPACE_VERSION
    )["properties"]
    connections = found.get("privateEndpointConnections") or []
    approved = [
        one
        for one in connections
        if one.get("properties", {}).get("privateLinkServiceConnectionState", {}).get("status") == "Approved"
    ]
    isolation = (found.get("managedNetwork") or {}).get("isolationMode") or "none"
    check.detail = f"{len(approved)} private endpoints of the workspace; its managed network: {isolation}"
    if not approved:
        check.status = CheckStatus.WARNING
        check.detail = f"the workspace has no private endpoint, so nobody reaches {there.name if there else 'it'}"
        check.remedy = "make a private endpoint for the workspace in your virtual network, and run finbehave inside it"
