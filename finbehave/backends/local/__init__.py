"""The local backend: a registry, endpoints, their gateway and supervisor, all on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finbehave.backends.base import Backend
    from finbehave.settings import Settings


def open_local(settings: Settings) -> Backend:
    """The backend of a workspace."""
    from finbehave.backends.base import Backend
    from finbehave.backends.local.registry import LocalRegistry
    from finbehave.backends.local.serving import LocalServing

    models = LocalRegistry(settings.workspace)
    return Backend(models, LocalServing(settings, models), elsewhere=False)
