"""What opens an endpoint: one of its keys, or a token of whoever asks, as the endpoint itself says.

Sources: Azure ML, "Authenticate clients for online endpoints": a Microsoft Entra token (``aad_token``) is asked of the
caller's own credential for Azure ML's scope, an Azure ML token (``aml_token``) of the endpoint's action ``token``; both
end by themselves, and an endpoint that takes tokens has no keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from finbehave.backends.azure.capacity import request_seconds
from finbehave.backends.azure.client import Workspace, left_going
from finbehave.backends.azure.scoring import Door, Opener, ask
from finbehave.domain.endpoint import Answer, Keys
from finbehave.errors import AccessDenied, TimedOut, Unavailable, UsageError

SCOPE = "https://ml.azure.com/.default"
REPLACE_SECONDS, HANDED_OUT_SECONDS = 900.0, 60.0
LOOK_EVERY = 1.0

OPENERS: Mapping[str, Opener] = {
    "key": "key",
    "aml_token": "aml_token",
    "amltoken": "aml_token",
    "aad_token": "aad_token",
    "aadtoken": "aad_token",
}
"""The SDK's word, and the service's, in small letters -> ours."""

TOKENS: Mapping[Opener, str] = {
    "aad_token": f"az account get-access-token --scope {SCOPE} gives other clients one",
    "aml_token": "az ml online-endpoint get-credentials --name {endpoint} gives other clients one",
}
"""How another client comes by a token."""


class Doors:
    """Asks the endpoints of a workspace for predictions, and keeps what opens them while the command runs."""

    def __init__(
        self, workspace: Workspace, entity: Callable[[str], Any], deployments: Callable[[str], Sequence[Any]]
    ) -> None:
        self._workspace = workspace
        self._entity = entity
        self._deployments = deployments
        self._known: dict[str, Door] = {}

    def forget(self, endpoint: str) -> None:
        """It is gone, or was given other keys."""
        self._known.pop(endpoint, None)

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None, timeout: float
    ) -> Answer:
        """Ask over HTTP; a key that was changed or a token that has ended meanwhile is fetched again, once.

        The answer is waited for as long as a deployment may take for it, and ``timeout`` seconds at least.
        """
        door = self._known.get(endpoint) or self._open(endpoint)
        timeout = max(timeout, door.longest)
        try:
            return ask(door, rows, deployment=deployment, timeout=timeout)
        except AccessDenied:
            fresh = self._open(endpoint)
            if fresh.key == door.key:
                raise
            return ask(fresh, rows, deployment=deployment, timeout=timeout)

    def _open(self, endpoint: str) -> Door:
        entity = self._entity(endpoint)
        if not entity.scoring_uri:
            raise Unavailable(
                f"{endpoint} has no address yet", remedy=f"finbehave status --endpoint {endpoint} --backend azure"
            )
        opener = opener_of(entity)
        own = self._workspace.settings.key
        key = own.get_secret_value() if own else self._secret(endpoint, opener)
        longest = max((request_seconds(one) for one in self._deployments(endpoint)), default=0.0)
        self._known[endpoint] = Door(endpoint, entity.scoring_uri, key, opener, longest)
        return self._known[endpoint]

    def _secret(self, endpoint: str, opener: Opener) -> str:
        if opener == "key":
            return self._keys(endpoint).primary
        if opener == "aad_token":
            return self._workspace.ask(
                f"asking for a token for {endpoint}", lambda _: str(self._workspace.credential.get_token(SCOPE).token)
            )
        return self._workspace.ask(
            f"asking {endpoint} for a token", lambda ml: str(ml.online_endpoints.get_keys(endpoint).access_token)
        )

    # --- keys -----------------------------------------------------------------------------------------------

    def keys(self, endpoint: str) -> Keys:
        """Both keys.

        Raises:
            UsageError: the endpoint takes tokens.
        """
        opener = opener_of(self._entity(endpoint))
        if opener != "key":
            raise UsageError(
                f"{endpoint} has no keys: it takes tokens ({opener}), which end by themselves",
                remedy=f"finbehave invoke asks with a token of its own; {TOKENS[opener].format(endpoint=endpoint)}",
            )
        return self._keys(endpoint)

    def _keys(self, endpoint: str) -> Keys:
        found = self._workspace.ask(
            f"reading the keys of {endpoint}", lambda ml: ml.online_endpoints.get_keys(endpoint)
        )
        return Keys(str(found.primary_key), str(found.secondary_key))

    def rotate(self, endpoint: str, which: Literal["primary", "secondary"]) -> Keys:
        """Replace one, and return only when the service hands out another one than before.

        Raises:
            UsageError: the endpoint takes tokens.
        """
        before = getattr(self.keys(endpoint), which)
        self._workspace.finish(
            f"replacing the {which} key of {endpoint}",
            lambda ml: ml.online_endpoints.begin_regenerate_keys(name=endpoint, key_type=which),
            timeout=REPLACE_SECONDS,
        )
        self.forget(endpoint)
        show = f"finbehave keys show --endpoint {endpoint} --backend azure"
        with left_going(f"the {which} key of {endpoint} was replaced", remedy=show):
            deadline = time.monotonic() + HANDED_OUT_SECONDS
            while getattr(now := self._keys(endpoint), which) == before:
                if time.monotonic() > deadline:
                    raise TimedOut(
                        f"the {which} key of {endpoint} was replaced, and Azure still hands out the old one",
                        remedy=show,
                    )
                time.sleep(LOOK_EVERY)
            return now


def opener_of(entity: Any) -> Opener:
    """What the endpoint of an SDK's entity takes."""
    said = str(getattr(entity.auth_mode, "value", entity.auth_mode) or "key")
    return OPENERS.get(said.lower(), "key")
