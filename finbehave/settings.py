"""The only reader of the environment. Every value knows where it came from.

Precedence: option > environment variable > ``.env`` > project file (``finbehave.toml``, or ``[tool.finbehave]`` in
``pyproject.toml``) > default.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import AliasChoices, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError as TOMLError
else:
    from tomli import TOMLDecodeError as TOMLError

from finbehave.errors import ConfigurationError


def _default_workspace() -> Path:
    return Path(platformdirs.user_data_dir("finbehave", appauthor=False))


def _default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("finbehave", appauthor=False))


class Settings(BaseSettings):
    """What every command can be told. Names of environment variables are ``FINBEHAVE_`` and the name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="FINBEHAVE_",
        env_file=".env",
        env_ignore_empty=True,
        toml_file="finbehave.toml",
        pyproject_toml_table_header=("tool", "finbehave"),
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    backend: Literal["local", "azure"] = "local"
    output: Literal["text", "json"] = "text"
    workspace: Path = Field(default_factory=_default_workspace, description="where the local backend keeps everything")
    cache: Path = Field(default_factory=_default_cache, description="isolated environments, kept between runs")
    debug: bool = False

    model_name: str = "financial-behavior-model-fixed"
    endpoint: str = "fin-behavior-ep-fixed"
    instance_type: str = "Standard_F4s_v2"
    instance_count: int = Field(default=1, ge=1, le=50)
    random_state: int = Field(default=42, ge=0, le=2**32 - 1)
    test_size: float = Field(default=0.2, gt=0, lt=1)
    cv_folds: int = Field(default=3, ge=2, le=20)

    host: str = Field(default="127.0.0.1", description="address the local endpoint listens on")
    port: int = Field(default=0, ge=0, le=65535, description="port of a new local endpoint; 0 takes a free one")
    tls_cert: Path | None = Field(default=None, description="certificate (PEM) of a new local endpoint")
    tls_key: Path | None = Field(default=None, description="private key (PEM) of a new local endpoint")
    rate_limit: float | None = Field(default=None, ge=0, description="requests a second for each key; 0 is no limit")
    response_cache: int | None = Field(
        default=None, ge=0, le=1_000_000, description="answers that each deployment remembers; 0 is none"
    )
    memory: str = Field(default="2GB", description="memory cap of prepare and of loading data")
    offline: bool = Field(default=False, description="never reach for the network to build an environment")

    azure_subscription_id: str | None = Field(
        default=None, validation_alias=AliasChoices("azure_subscription_id", "AZURE_SUBSCRIPTION_ID")
    )
    azure_resource_group: str | None = Field(
        default=None, validation_alias=AliasChoices("azure_resource_group", "AZURE_RESOURCE_GROUP")
    )
    azure_workspace_name: str | None = Field(
        default=None, validation_alias=AliasChoices("azure_workspace_name", "AZURE_WORKSPACE_NAME")
    )
    credential: str = Field(default="default", description="which Azure credential to use")
    auth_mode: Literal["key", "aml_token", "aad_token"] = Field(
        default="key", description="what opens a new endpoint on Azure"
    )
    rehearsal: bool = Field(default=True, description="serve a model on this machine before it is deployed to Azure")
    private: bool = Field(default=False, description="no public network for what is created on Azure")
    identity: str | None = Field(default=None, description="user-assigned identity of a new endpoint on Azure")
    patience: float = Field(default=120.0, ge=0, description="seconds for which a service that is busy is asked again")
    min_instances: int | None = Field(default=None, ge=1, le=50, description="least machines, or workers here, by load")
    max_instances: int | None = Field(default=None, ge=1, le=50, description="most machines, or workers here, by load")
    target_cpu: float | None = Field(default=None, gt=0, lt=100, description="percent; above it one machine more")
    target_latency: float | None = Field(default=None, gt=0, description="milliseconds; above it one machine more")
    workers: int | None = Field(default=None, ge=1, le=128, description="scoring workers of each machine on Azure")
    concurrency: int | None = Field(default=None, ge=1, le=1000, description="requests that a machine takes at once")
    request_timeout: float | None = Field(default=None, ge=0.1, le=180, description="seconds for a request on Azure")
    prices: Path | None = Field(default=None, description="own table of machine prices, a JSON file")
    key: SecretStr | None = Field(default=None, description="endpoint key to use instead of the stored one")

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, the strongest first, and remember which of them answered for which field."""
        sources = {
            "option": init_settings,
            "environment": env_settings,
            ".env": dotenv_settings,
            "finbehave.toml": TomlConfigSettingsSource(settings_cls),
            "pyproject.toml": PyprojectTomlConfigSettingsSource(settings_cls),
        }
        _answered.clear()
        for name, source in sources.items():
            for key in source():
                _answered.setdefault(key.lower(), name)
        return tuple(sources.values())

    def origin(self, name: str) -> str:
        """Where a value came from: option, environment, .env, finbehave.toml, pyproject.toml or default."""
        return self._origins.get(name, "default")


_answered: dict[str, str] = {}
"""Field -> source, of the latest ``Settings`` made; pydantic-settings has no place of its own for it."""


def load_settings(options: Mapping[str, Any] | None = None) -> Settings:
    """Resolve every value.

    Args:
        options: What the command line said; None values count as not said.

    Raises:
        ConfigurationError: a value that is not one, naming it and its source; a project file that is not TOML.
    """
    said = {name: value for name, value in (options or {}).items() if value is not None}
    try:
        settings = Settings(**said)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "a value"
        origin = _answered.get(name.lower(), "default")
        raise ConfigurationError(
            f"{name} (from {origin}): {first['msg']}, not {first.get('input')!r}",
            remedy=f"set {name} to a value that fits; finbehave config lists every setting",
        ) from error
    except (SettingsError, TOMLError, OSError) as error:
        raise ConfigurationError(f"the project's settings cannot be read: {error}") from error
    settings._origins.update({name: _answered[name] for name in Settings.model_fields if name in _answered})
    return settings
