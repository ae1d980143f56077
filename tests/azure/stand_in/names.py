"""Who and where, and what a request and its answer are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
TENANT = "00000000-0000-0000-0000-0000000000bb"
PRINCIPAL = "00000000-0000-0000-0000-0000000000cc"
"""Whoever asks."""

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
W = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
REGION = "westeurope"

MANAGER, LOGIN, STORE = "management.azure.com", "login.microsoftonline.com", "store.blob.core.windows.net"
API = f"{REGION}.api.azureml.ms"
SCORING = f".{REGION}.inference.ml.azure.com"
"""Behind the name of an endpoint."""

HOSTS = (MANAGER, LOGIN, STORE, API, f"*{SCORING}")
"""What the certificate names."""


def played(host: str) -> bool:
    """Whether the stand-in answers for a host."""
    return host in HOSTS or (host.endswith(SCORING) and host.count(".") == SCORING.count("."))


@dataclass(frozen=True)
class Call:
    """A request, as it came."""

    host: str
    method: str
    target: str
    headers: Message
    content: bytes

    @property
    def path(self) -> str:
        """Without a slash at its end."""
        return unquote(urlsplit(self.target).path).rstrip("/")

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def body(self) -> Any:
        """Its JSON."""
        return json.loads(self.content) if self.content else None


class Answer(NamedTuple):
    """``body`` is bytes, or becomes JSON. The connection ends when ``part`` of it was sent; 0: before the status."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = {}
    part: float = 1.0


def refusal(status: int, code: str, message: str, details: Any = ()) -> Answer:
    """As the resource manager words one."""
    return Answer(status, {"error": {"code": code, "message": message, "details": list(details)}})


def missing(path: str) -> Answer:
    """There is no such resource."""
    return refusal(404, "ResourceNotFound", f"{path} was not found")
