"""On what terms a deployment is made: network, identity and environment variables, as they were asked for.

They are Azure's. On this machine an option for them is refused; what a project's settings say for Azure is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from finbehave.domain.endpoint import Terms
from finbehave.errors import UsageError
from finbehave.settings import Settings

OPTIONS: Mapping[str, str] = {"private": "--private", "identity": "--identity"}
"""Setting -> its option."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(
    r"\$\{\{(?:keyvault:https://[\w.-]+/secrets/[\w-]+(?:/\w+)?/?|azureml://connections/[\w.-]+/[\w./-]+)\}\}"
)
"""Source: Azure ML, "Access secrets from online deployment": the two forms of a reference that it injects."""


def asked_terms(settings: Settings, variables: Mapping[str, str]) -> Terms:
    """The terms of the settings, and these environment variables.

    Raises:
        UsageError: an option that means nothing on this machine; a variable's name or reference that is none.
    """
    if settings.backend == "local":
        said = [option for name, option in OPTIONS.items() if settings.origin(name) == "option"]
        _refuse([*said, *(["--variable"] if variables else [])])
        return Terms()
    for name, value in variables.items():
        _check(name, value)
    return Terms(settings.private, settings.identity, tuple(sorted(variables.items())))


def read_variables(words: Sequence[str]) -> dict[str, str]:
    """Variables of ``NAME=VALUE``. Raises UsageError, which quotes no value."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError("--variable takes NAME=VALUE, and one has no =", remedy=_EXAMPLE)
        found[name] = value
    return found


_EXAMPLE = "--variable 'PASSWORD=${{keyvault:https://VAULT.vault.azure.net/secrets/NAME}}', in single quotes"


def _refuse(options: Sequence[str]) -> None:
    if options:
        raise UsageError(
            f"{' and '.join(options)} {'is' if len(options) == 1 else 'are'} of Azure's deployments; this machine has "
            "none of it",
            remedy="leave it out, or name --backend azure",
        )


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:40]!r} is no name of an environment variable", remedy=_EXAMPLE)
    if value.startswith("${{") and not _REFERENCE.fullmatch(value):
        raise UsageError(f"the reference in {name} is none that Azure can resolve", remedy=_EXAMPLE)
