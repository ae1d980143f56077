"""troubleshoot: the causes that a pasted log shows, or every check of a live endpoint that an operator would make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from finbehave.backends.base import Backend, open_backend
from finbehave.diagnosis.engine import diagnose
from finbehave.diagnosis.reader import LONGEST_LOG, read_tail, read_text
from finbehave.domain.diagnosis import Cause, Evidence
from finbehave.errors import ConfigurationError, EndpointUnhealthy, NotFound
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.examination import Examination

SHOWN = 12
"""Last lines that are shown of a log in which nothing was recognised."""

_STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class TroubleshootResult:
    """``causes`` is empty where nothing was recognised; then ``tail`` holds the last lines, and ``advice`` what to try.

    ``source`` is the file or the endpoint that was looked at; ``lines`` is how many lines were read.
    """

    source: str
    causes: tuple[Cause, ...]
    lines: int
    tail: tuple[Evidence, ...] = ()
    advice: tuple[str, ...] = ()


def troubleshoot(
    log: Path | bytes | None = None, *, settings: Settings | None = None, progress: Progress = QUIET
) -> TroubleshootResult:
    """Name what is wrong, and what mends it.

    Args:
        log: A file with a log, or a log itself; then no backend is asked. None: the settings' endpoint, live.
        settings: Which endpoint and backend.
        progress: Gets a check for everything that was looked at on a live endpoint.

    Raises:
        NotFound: no such file, or no such endpoint.
        EndpointUnhealthy: the live endpoint has a fault; the error carries the result.
    """
    if log is not None:
        return _of_log(log, progress)
    settings = settings or load_settings()
    return examine(open_backend(settings, progress), settings=settings, progress=progress)


# --- a pasted log -----------------------------------------------------------------------------------------


def _of_log(log: Path | bytes, progress: Progress) -> TroubleshootResult:
    source = _STANDARD_INPUT if isinstance(log, bytes) else str(log)
    data, left_out = (log, 0) if isinstance(log, bytes) else _read(log)
    if left_out:
        progress.note(f"{source} is longer than {LONGEST_LOG >> 20} MiB; its first {left_out:,} lines were not read")
    causes = tuple(_shifted(cause, left_out) for cause in diagnose(data))
    count = data.count(b"\n") + bool(data and not data.endswith(b"\n"))
    if causes:
        return TroubleshootResult(source, causes, count)
    return TroubleshootResult(source, (), count, _last_lines(data, left_out), _advice(data))


def _read(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            return read_tail(file)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}", remedy="name a file with a log, or - for standard input") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}",
            remedy="name a file with a log that you may read, or - for standard input",
        ) from error


def _shifted(cause: Cause, lines: int) -> Cause:
    if not lines:
        return cause
    return replace(cause, evidence=tuple(Evidence(one.line + lines, one.text) for one in cause.evidence))


def _last_lines(data: bytes, left_out: int) -> tuple[Evidence, ...]:
    lines = [line for line in read_text(data) if line.text.strip()][-SHOWN:]
    return tuple(Evidence(line.number + left_out, line.text[:300]) for line in lines)


def _advice(data: bytes) -> tuple[str, ...]:
    if not data.strip():
        return (
            "a container that never started writes nothing: finbehave status tells how far it came",
            "finbehave logs --tail 2000 > container.log, then finbehave troubleshoot --file container.log",
        )
    return (
        "read more of the log, from the start of the container on: finbehave logs --tail 2000 --explain",
        "look at the endpoint itself: finbehave troubleshoot --endpoint NAME",
        "see whether the model loads and predicts the same: finbehave check-compat MODEL --environment environment.yml",
        "run the command that failed again with --debug, and attach its log file to a report",
    )


# --- a live endpoint --------------------------------------------------------------------------------------


def examine(backend: Backend, *, settings: Settings, progress: Progress = QUIET) -> TroubleshootResult:
    """Check a live endpoint: its state, its traffic, each deployment's state, log and golden records, and the disk.

    Raises:
        NotFound: there is no such endpoint.
        EndpointUnhealthy: at least one check failed.
    """
    endpoint = backend.serving.measured(backend.serving.endpoint(settings.endpoint))
    look = Examination(backend, endpoint, progress)
    look.endpoint_state()
    look.traffic()
    for deployment in endpoint.deployments:
        healthy = look.deployment(deployment)
        look.log(deployment, healthy=healthy)
    if not backend.elsewhere:  # what has a log of its gateway, and a disk, is on this machine
        look.refusals()
        look.disk(settings.workspace)
    result = TroubleshootResult(endpoint.name, tuple(look.causes), look.lines)
    if not look.failed:
        return result
    first, others = look.failed[0], len(look.failed) - 1
    cause = next((cause for cause in look.causes if look.faulty(cause)), None)
    what = f"{first.name}: {first.detail}" if cause is None else cause.title
    more = f" ({others} more checks failed)" if others > 1 else ""
    raise EndpointUnhealthy(
        f"{endpoint.name} has a fault. {what}{more}",
        remedy=(cause.remedy if cause else first.remedy) or f"finbehave logs --endpoint {endpoint.name} --explain",
        result=result,
    )
