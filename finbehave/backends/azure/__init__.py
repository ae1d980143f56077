"""The Azure ML backend: the only place that imports the Azure SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finbehave.backends.base import Backend
    from finbehave.progress import Progress
    from finbehave.settings import Settings


def open_azure(settings: Settings, progress: Progress, patience: float | None) -> Backend:
    """The backend of a workspace of Azure ML. Nothing is asked of Azure, and its SDK not imported, before it is used.

    Raises:
        ConfigurationError: the settings do not say which workspace, or which credential.
    """
    from finbehave.backends.azure.account import account_of
    from finbehave.backends.azure.client import Workspace
    from finbehave.backends.azure.fitting import AzureFitting
    from finbehave.backends.azure.registry import AzureRegistry
    from finbehave.backends.azure.serving import AzureServing
    from finbehave.backends.base import Backend

    workspace = Workspace(account_of(settings), settings, progress, patience)
    models = AzureRegistry(workspace, settings)
    serving, fitting = AzureServing(workspace, models, settings), AzureFitting(workspace, settings)
    return Backend(models, serving, elsewhere=True, fitting=fitting)
