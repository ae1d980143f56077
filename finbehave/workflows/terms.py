"""On what terms a deployment is made, as they were asked for: network, identity, variables, scaling, capacity.

Scaling apart they are Azure's: on this machine an option for them is refused, and what a project's settings say for
Azure is passed over. There more workers come by how long requests wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from finbehave.domain.endpoint import LONGEST_WAIT_MS, Capacity, Scale, Terms
from finbehave.errors import UsageError
from finbehave.settings import Settings

OPTIONS: Mapping[str, str] = {
    "private": "--private",
    "identity": "--identity",
    "min_instances": "--min-instances",
    "max_instances": "--max-instances",
    "target_cpu": "--target-cpu",
    "target_latency": "--target-latency",
    "workers": "--workers",
    "concurrency": "--concurrency",
    "request_timeout": "--request-timeout",
}
"""Setting -> its option."""

USUAL_CPU = 70.0
"""Percent of a machine's cores in use above which another one comes; the value of Azure's own example."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(
    r"\$\{\{(?:keyvault:https://[\w.-]+/secrets/[\w-]+(?:/\w+)?/?|azureml://connections/[\w.-]+/[\w./-]+)\}\}"
)
"""Source: Azure ML, "Access secrets from online deployment": the two forms of a reference that it injects."""


def asked_terms(settings: Settings, variables: Mapping[str, str]) -> Terms:
    """The terms of the settings, and these environment variables.

    Raises:
        UsageError: an option that means nothing on this machine; a variable's name or reference that is none; numbers
            of machines that do not fit.
    """
    if settings.backend == "local":
        theirs = [name for name in OPTIONS if name not in ("min_instances", "max_instances")]
        said = [OPTIONS[name] for name in theirs if settings.origin(name) == "option"]
        _refuse([*said, *(["--variable"] if variables else [])])
        return Terms(scale=_by_waiting(settings))
    for name, value in variables.items():
        _check(name, value)
    more = tuple(sorted(variables.items()))
    return Terms(settings.private, settings.identity, more, _scale(settings), asked_capacity(settings))


def asked_capacity(settings: Settings) -> Capacity:
    """What a machine of Azure is to take on, as far as the settings say."""
    return Capacity(settings.workers, settings.concurrency, settings.request_timeout)


def _scale(settings: Settings) -> Scale | None:
    cpu, latency = settings.target_cpu, settings.target_latency
    if settings.max_instances is None and not (settings.min_instances or cpu or latency):
        return None
    if cpu and latency:
        raise UsageError("machines come by one measure", remedy="leave out --target-cpu or --target-latency")
    least, most = _machines(settings)
    return Scale(least, most, "latency", latency) if latency else Scale(least, most, "cpu", cpu or USUAL_CPU)


def _by_waiting(settings: Settings) -> Scale | None:
    if settings.max_instances is None and not settings.min_instances:
        return None
    least, most = _machines(settings)
    return Scale(least, most, "waiting", LONGEST_WAIT_MS)


def _machines(settings: Settings) -> tuple[int, int]:
    least, most = settings.min_instances or 1, settings.max_instances
    if most is None:
        raise UsageError("how many machines there may be is not said", remedy="--max-instances 5")
    if least >= most:
        raise UsageError(
            f"{least} to {most} machines leave nothing to scale",
            remedy=f"--max-instances {min(least + 1, 50)} or more; or --instance-count alone",
        )
    return least, most


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
