"""What has to hold before anything is created: names, the workspace, a role, and quota for both colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finbehave.backends.azure.capacity import settled
from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.environment import curated_reference
from finbehave.backends.azure.names import checked_name
from finbehave.backends.azure.permissions import check_role
from finbehave.backends.azure.prices import monthly_cost
from finbehave.backends.azure.sizes import checked_type, quota_cores, size_of, workers
from finbehave.backends.azure.terms import check_terms
from finbehave.backends.azure.translate import MORE_QUOTA, QuotaExceeded
from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.endpoint import DeploymentSpec, Endpoint
from finbehave.environments.curated import looks_curated
from finbehave.errors import AccessDenied, FinbehaveError
from finbehave.progress import OpenCheck, Progress, checking


def preflight(
    workspace: Workspace, name: str, spec: DeploymentSpec, there: Endpoint | None, entity: Any, progress: Progress
) -> Sequence[str]:
    """Check it all, and say what will run and cost. ``entity`` is the SDK's of the endpoint that is ``there``.

    Raises:
        UsageError, AccessDenied, NotFound, QuotaExceeded, Unavailable: what does not hold; nothing was created.
    """
    with checking(progress, "names and sizes", CheckGroup.ENVIRONMENT) as check:
        checked_name(name, "an endpoint")
        checked_name(spec.name, "a deployment")
        checked_type(spec.instance_type)
        if spec.environment and looks_curated(spec.environment):
            curated_reference(spec.environment)
        check.detail = f"{name}, {spec.name}, {spec.instance_type}"
        _doubt_size(spec, check)
    with checking(progress, "Azure workspace", CheckGroup.ENVIRONMENT) as check:
        account = workspace.account
        found = workspace.ask("reading the workspace", lambda ml: ml.workspaces.get(account.workspace))
        check.detail = f"{account.workspace} in {found.location}"
    check_terms(workspace, spec.terms, entity, progress)
    check_role(workspace, name if there else None, progress)
    _quota(workspace, str(found.location), spec, there, progress)
    return _costs(workspace, spec, there)


def _doubt_size(spec: DeploymentSpec, check: OpenCheck) -> None:
    """Warn of a size that is not known, and of more workers than one is for."""
    size, said = size_of(spec.instance_type), spec.terms.capacity.workers
    if size is None:
        check.status = CheckStatus.WARNING
        check.detail += ", of which nothing is known here: neither quota and price, nor whether endpoints have it"
        check.remedy = "look at Azure ML's list of sizes for endpoints, or take --instance-type Standard_F4s_v2"
    elif said and said > (usual := workers(spec.instance_type)):
        check.status = CheckStatus.WARNING
        check.detail += f", whose {size.cores} cores and {size.memory:g} GiB are for {usual} workers and not for {said}"
        check.remedy = f"--workers {usual}, or a larger --instance-type"


def _quota(
    workspace: Workspace, location: str, spec: DeploymentSpec, there: Endpoint | None, progress: Progress
) -> None:
    """Both colours run at once, each with the service's reserve."""
    with checking(progress, "quota", CheckGroup.ENVIRONMENT) as check:
        size = size_of(spec.instance_type)
        needed = quota_cores(spec.instance_type, spec.instance_count)
        if size is None or needed is None:
            check.status, check.detail = CheckStatus.SKIPPED, f"{spec.instance_type} is not in the table of sizes"
            return
        try:
            usage = _usage(workspace, location, size.family)
        except AccessDenied as error:
            check.status, check.detail = CheckStatus.WARNING, error.message
            reader = workspace.grant("Reader", f"/subscriptions/{workspace.account.subscription}")
            check.remedy = f"an owner of the subscription gives it the role: {reader}"
            return
        except FinbehaveError as error:
            check.status, check.detail = CheckStatus.WARNING, f"cannot be read: {error.message}"
            check.remedy = "look at Quotas in the portal"
            return
        if usage is None:
            check.status, check.detail = CheckStatus.SKIPPED, f"Azure tells nothing of {size.family} in {location}"
            return
        used, limit = usage
        replaced = there.deployment(spec.name) if there else None
        freed = (quota_cores(replaced.instance_type, replaced.instance_count) or 0) if replaced else 0
        additional = max(needed - freed, 0)
        if used + additional > limit:
            raise QuotaExceeded(
                f"{spec.instance_count} × {spec.instance_type} need {additional} more cores of {size.family} in "
                f"{location}, the service's reserve of 20 % included; {used} of {limit} are used",
                remedy=MORE_QUOTA,
            )
        check.detail = f"{additional} cores more, {used} of {limit} of {size.family} used"
        if there is None and used + 2 * needed > limit:
            check.status = CheckStatus.WARNING
            check.detail += f"; a second colour will not fit: it takes {needed} more"
            check.remedy = MORE_QUOTA
        scale = spec.terms.scale
        most = (quota_cores(spec.instance_type, scale.most) or 0) if scale else 0
        if scale and used - freed + most > limit:
            check.status = CheckStatus.WARNING
            check.detail += f"; {scale.most} machines will not fit: they take {most}"
            check.remedy = MORE_QUOTA


def _usage(workspace: Workspace, location: str, family: str) -> tuple[int, int] | None:
    def read(ml: Any) -> list[tuple[str, int, int]]:
        listed = ml.compute.list_usage(location=location)
        return [(_name(one), _used(one), int(one.limit or 0)) for one in listed]

    for name, used, limit in workspace.ask("reading the quota", read, patience=5.0):
        if name.lower() == family.lower() and limit >= 0:
            return used, limit
    return None


def _used(usage: Any) -> int:
    """The SDK leaves ``current_value`` empty and keeps the number under the service's own spelling of it."""
    return int(getattr(usage, "currentValue", None) or usage.current_value or 0)


def _name(usage: Any) -> str:
    name = usage.name
    if isinstance(name, str):
        return name
    return str(name.get("value") if isinstance(name, dict) else getattr(name, "value", name))


def _costs(workspace: Workspace, spec: DeploymentSpec, there: Endpoint | None) -> Sequence[str]:
    prices = workspace.settings.prices
    others = [one for one in there.deployments if one.name != spec.name] if there else []
    takes = settled(spec.instance_type, spec.terms.capacity).words
    lines = [f"{spec.name}: {monthly_cost(spec.instance_type, spec.instance_count, prices)}; {takes}"]
    if scale := spec.terms.scale:
        unit = "% of its cores" if scale.measure == "cpu" else "ms of latency"
        most = monthly_cost(spec.instance_type, scale.most, prices)
        lines.append(
            f"{spec.name} scales from {scale.least} machines, one more above {scale.target:g} {unit}, to {most}"
        )
    lines += [
        f"{one.name} goes on costing: {monthly_cost(one.instance_type, one.instance_count, prices)}" for one in others
    ]
    return lines
