"""config: every setting, its value and where it came from."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class Setting:
    """One setting; ``value`` is ``***`` for a secret that is set."""

    name: str
    value: str | None
    source: str
    environment_variable: str
    description: str


@dataclass(frozen=True)
class ConfigResult:
    """In the order in which they are documented."""

    settings: tuple[Setting, ...]


def config(*, settings: Settings | None = None) -> ConfigResult:
    """What holds now, and which of option, environment, .env, project file or default said so."""
    resolved = settings or load_settings()
    return ConfigResult(tuple(_setting(resolved, name) for name in Settings.model_fields))


def _setting(settings: Settings, name: str) -> Setting:
    value = getattr(settings, name)
    field = Settings.model_fields[name]
    variable = name.upper() if name.startswith("azure_") else f"FINBEHAVE_{name.upper()}"
    shown = None if value is None else "***" if name == "key" else str(value)
    return Setting(name, shown, settings.origin(name), variable, field.description or "")
