"""The login service: a token of its own for every scope."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.azure.stand_in.names import LOGIN, TENANT, Answer, Call
from tests.azure.stand_in.state import Azure

BASE = f"https://{LOGIN}/{TENANT}"


def answer(azure: Azure, call: Call) -> Answer:
    """What the client library looks up first, and tokens."""
    if "openid-configuration" in call.path:
        return Answer(200, {
            "issuer": f"{BASE}/v2.0", "authorization_endpoint": f"{BASE}/oauth2/v2.0/authorize",
            "token_endpoint": f"{BASE}/oauth2/v2.0/token",
        })  # fmt: skip
    if "instance" in call.path:
        where = f"{BASE}/v2.0/.well-known/openid-configuration"
        return Answer(200, {"tenant_discovery_endpoint": where, "metadata": []})
    scope = urlsplit(parse_qs(call.content.decode())["scope"][0]).hostname or ""
    return Answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": azure.tokens[scope]})
