"""Models as they are named and as the registry keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finbehave.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


@dataclass(frozen=True)
class ModelRef:
    """``name``, ``name:1.2.0`` or ``name@latest``; no version means the latest that is not archived."""

    name: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Read what a person typed.

        Raises:
            UsageError: a name or a version that cannot be one.
        """
        name, colon, version = text.removesuffix("@latest").partition(":")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{_short(name)} is no model name: letters, digits, dots, dashes and underscores, at most 255",
                remedy="finbehave models list shows the names there are",
            )
        if colon and version != "latest" and not _VERSION.fullmatch(version):
            raise UsageError(
                f"{_short(version)} is no version of {name}: it must be like 1.2.0, or left out for the latest",
                remedy=f"finbehave models list --name {name}",
            )
        return cls(name, version if colon and version != "latest" else None)

    def __str__(self) -> str:
        return f"{self.name}:{self.version}" if self.version else self.name


@dataclass(frozen=True)
class RegisteredModel:
    """One version in the registry. ``created`` is ISO 8601 in UTC; ``digest`` is ``sha256:…`` of the package."""

    name: str
    version: str
    digest: str
    created: str
    archived: bool
    trained_with: dict[str, str]

    @property
    def ref(self) -> ModelRef:
        """Its reference, with the version."""
        return ModelRef(self.name, self.version)


@dataclass(frozen=True)
class Registration:
    """What ``register`` did; ``created`` is False when the same content was there already."""

    model: RegisteredModel
    created: bool


def _short(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:57]) + "…"
