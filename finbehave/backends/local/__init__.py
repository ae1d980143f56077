"""The local backend: a registry, endpoints, their gateway and supervisor, all on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finbehave.errors import ConfigurationError

if TYPE_CHECKING:
    from finbehave.backends.base import Backend
    from finbehave.settings import Settings


def open_local(settings: Settings) -> Backend:
    """The backend of a workspace."""
    raise ConfigurationError(
        f"this version of finbehave cannot keep models or endpoints in {settings.workspace} yet",
        remedy="use a version that can; validate, sample, prepare and troubleshoot --file work here",
    )
