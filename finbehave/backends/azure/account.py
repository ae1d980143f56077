"""Which workspace of Azure ML is meant, by the names of the original runbook."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.errors import ConfigurationError
from finbehave.settings import Settings


@dataclass(frozen=True)
class Account:
    """A workspace, and where it lies."""

    subscription: str
    group: str
    workspace: str

    @property
    def resource_group(self) -> str:
        """The resource group's id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def resource(self) -> str:
        """The workspace's resource id."""
        return f"{self.resource_group}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"


def account_of(settings: Settings) -> Account:
    """The workspace that the settings name.

    Raises:
        ConfigurationError: one of the three names is missing; all that are missing are named.
    """
    named = {
        "AZURE_SUBSCRIPTION_ID": settings.azure_subscription_id,
        "AZURE_RESOURCE_GROUP": settings.azure_resource_group,
        "AZURE_WORKSPACE_NAME": settings.azure_workspace_name,
    }
    missing = [name for name, value in named.items() if not (value or "").strip()]
    if missing:
        raise ConfigurationError(
            f"the Azure workspace is not named: {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
            remedy=f"set {' and '.join(missing)} in the environment or in .env, or use --backend local",
        )
    return Account(*(str(value).strip() for value in named.values()))
