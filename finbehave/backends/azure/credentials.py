"""Who asks Azure: its default chain of credentials, or the one of them that the settings name.

The secrets stay with azure-identity, which reads them from the environment itself; none passes through our hands.
"""

from __future__ import annotations

import base64
import difflib
import json
import uuid
from typing import Any

from finbehave.errors import ConfigurationError

CREDENTIALS: dict[str, str | None] = {
    "default": None,
    "service-principal": "environment",
    "environment": "environment",
    "workload-identity": "workload_identity",
    "managed-identity": "managed_identity",
    "cli": "cli",
    "developer-cli": "developer_cli",
    "powershell": "powershell",
    "visual-studio-code": "visual_studio_code",
}
"""What ``FINBEHAVE_CREDENTIAL`` may say -> the link of DefaultAzureCredential's chain that is meant; None: all of them.

Source: the ``exclude_…_credential`` parameters of ``azure.identity.DefaultAzureCredential``."""

_LINKS = (
    "environment", "workload_identity", "managed_identity", "shared_token_cache", "visual_studio_code", "cli",
    "developer_cli", "powershell", "broker", "interactive_browser",
)  # fmt: skip


def credential(named: str) -> Any:
    """A token credential of azure-identity. It asks for nothing before it is used.

    Raises:
        ConfigurationError: no such credential, or a variable that it reads cannot be what it should.
    """
    chosen = checked_credential(named)
    from azure.identity import DefaultAzureCredential

    links = {} if chosen is None else {f"exclude_{link}_credential": link != chosen for link in _LINKS}
    try:
        return DefaultAzureCredential(**links)
    except ValueError as error:
        raise ConfigurationError(
            f"the environment names no Azure credential that could be used: {error}",
            remedy="see AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET: unset those that are empty",
        ) from error


def checked_credential(named: str) -> str | None:
    """The link of the chain that a name stands for. Raises ConfigurationError."""
    if named not in CREDENTIALS:
        near = difflib.get_close_matches(named, CREDENTIALS, n=1)
        raise ConfigurationError(
            f"{named!r} is no Azure credential; there are {', '.join(CREDENTIALS)}",
            remedy=f"set FINBEHAVE_CREDENTIAL={near[0] if near else 'default'}",
        )
    return CREDENTIALS[named]


def identity_of(token: str) -> str | None:
    """The object id of whoever has got a token for itself, as the token says; None where it does not."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return str(uuid.UUID(claims["oid"]))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        return None
