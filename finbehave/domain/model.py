"""Models as they are named and as the registry keeps them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelRef:
    """``name``, ``name:1.2.0`` or ``name@latest``; no version means the latest that is not archived."""

    name: str
    version: str | None = None

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
