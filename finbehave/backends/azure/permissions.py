"""What whoever asks may do, and the command by which an owner gives a role that is missing.

Sources: Azure RBAC REST, "Permissions - List For Resource", 2022-04-01 (an entry for each role that is held there, also
through a group or a scope above); Azure ML, "Manage access": the actions of endpoints and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.translate import ROLE, ROLES
from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.errors import AccessDenied, FinbehaveError
from finbehave.progress import Progress, checking

VERSION = "2022-04-01"
PATIENCE = 5.0

_OF = "Microsoft.MachineLearningServices/workspaces"
RELEASE = (f"{_OF}/onlineEndpoints/write", f"{_OF}/onlineEndpoints/deployments/write")
REGISTER = (f"{_OF}/models/write", f"{_OF}/models/versions/write")
"""Custom roles name the one or the other; who has either may register, as far as can be known."""


def missing(workspace: Workspace, scope: str, actions: Sequence[str]) -> tuple[str, ...]:
    """Those of the actions that are certainly not allowed at a scope, a resource id.

    Raises:
        FinbehaveError: that cannot be read.
    """
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    said = workspace.resource("reading the permissions", "GET", path, version=VERSION, patience=PATIENCE)
    if said.get("nextLink"):  # more roles than one answer holds
        return ()
    return tuple(action for action in actions if not any(_allows(one, action) for one in said["value"]))


def _allows(role: Any, action: str) -> bool:
    return _covers(role.get("actions"), action) and not _covers(role.get("notActions"), action)


def _covers(patterns: Any, action: str) -> bool:
    return any(fnmatchcase(action.lower(), str(one).lower()) for one in patterns or ())


def check_role(workspace: Workspace, endpoint: str | None, progress: Progress) -> None:
    """Whether this identity may do what a release needs, before anything is created.

    Args:
        workspace: Whose.
        endpoint: One that is there, on which a role may be given too; None for a new one.

    Raises:
        AccessDenied: it certainly may not.
    """
    with checking(progress, "role on the workspace", CheckGroup.ENVIRONMENT) as check:
        workspace.ask("listing the endpoints", lambda ml: [one.name for one in ml.online_endpoints.list()])
        place = workspace.account.resource
        try:
            lacking = missing(workspace, f"{place}/onlineEndpoints/{endpoint}" if endpoint else place, RELEASE)
            unregistered = missing(workspace, place, REGISTER)
        except FinbehaveError as error:
            check.status = CheckStatus.WARNING
            check.detail = f"may read; what it may write is not known: {error.message}"
            check.remedy = f"where a release is refused, {ROLES}: {workspace.grant(ROLE)}"
            return
        if lacking:
            raise AccessDenied(
                f"this identity may not write {_words(lacking)} in the workspace {workspace.account.workspace}",
                remedy=f"{ROLES}: {workspace.grant(ROLE)}",
            )
        check.detail = "may read and write endpoints and deployments"
        if unregistered == REGISTER:
            check.status, check.detail = CheckStatus.WARNING, f"{check.detail}, and not register models"
            check.remedy = f"to register models too, {ROLES}: {workspace.grant(ROLE)}"


def _words(actions: Sequence[str]) -> str:
    return " and ".join(f"{action.split('/')[-2]} ({action})" for action in actions)
