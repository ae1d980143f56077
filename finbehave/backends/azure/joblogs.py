"""The log of a job: what the fit says while it runs, all of it when it has ended, and what Azure itself says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.environments.guests import pass_on
from finbehave.errors import FinbehaveError
from finbehave.progress import Progress
from finbehave.redaction import redact

USER = "user_logs"
"""The folder of what a job's own command has printed."""

_ONCE_BYTES = 1 << 20


class Live:
    """The log of a job that runs, read on from where it was left."""

    def __init__(self, workspace: Workspace, job: str, progress: Progress) -> None:
        self._workspace = workspace
        self._job = job
        self._progress = progress
        self._read = 0

    def pass_on(self) -> None:
        """Tell what the fit has said since. No log yet, or none to be had, is no reason to stop waiting."""
        with suppress(FinbehaveError):
            said = self._workspace.ask(f"reading the log of {self._job}", self._more, patience=0)
            whole = said[: said.rfind(b"\n") + 1] or (said if len(said) == _ONCE_BYTES else b"")
            self._read += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                pass_on(line, self._progress)

    def _more(self, ml: Any) -> bytes:
        """What has come since, asked as the SDK's ``jobs.stream`` asks it.

        That call itself ends only with the job, prints, and makes an error of its own of Ctrl-C.
        """
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob import BlobClient

        files = ml.jobs._runs_operations.get_run_details(self._job).log_files or {}
        address = next((files[name] for name in sorted(files) if name.startswith(f"{USER}/")), None)
        if address is None:
            return b""
        with BlobClient.from_blob_url(address) as blob:
            try:
                return bytes(blob.download_blob(offset=self._read, length=_ONCE_BYTES).readall())
            except HttpResponseError as error:
                if error.status_code == 416:  # nothing new
                    return b""
                raise


def whole_log(workspace: Workspace, job: str, folder: Path) -> tuple[str, bool]:
    """All that a job that has ended logged, without secrets, and whether its own command has said something."""
    try:
        download(workspace, job, folder)
    except FinbehaveError:
        return "", False
    texts, ran = [], False
    for path in sorted((folder / "artifacts").rglob("*")):
        if path.is_file() and path.suffix in (".txt", ".log"):
            text = path.read_text(encoding="utf-8", errors="replace")
            texts.append((path.parent.name == USER, text))
            ran = ran or (path.parent.name == USER and bool(text.strip()))
    return redact("\n".join(text for _, text in sorted(texts, key=lambda one: one[0]))), ran


def reason(workspace: Workspace, job: str) -> FinbehaveError | None:
    """What the service itself says of a job that failed: the SDK tells it by raising."""
    try:
        workspace.ask(f"the job {job}", lambda ml: ml.jobs.stream(job), patience=0)
    except FinbehaveError as error:
        return error
    return None


def download(workspace: Workspace, job: str, folder: Path, output: str | None = None) -> None:
    """An output by name; without one the logs."""
    workspace.ask(
        f"downloading from the job {job}",
        lambda ml: ml.jobs.download(job, download_path=str(folder), output_name=output),
    )
