"""What is kept of a deployment before it is removed, to find out later why it failed.

<workspace>/bundles/ENDPOINT-DEPLOYMENT-TIME/
    why.txt                             the error
    deployment.log  endpoint.log        with secrets taken out
    manifest.json  requirements.txt  environment.yml    of the model's package
    traffic.json                        the endpoint and its ledger at that moment
    versions.json                       of finbehave, this machine and the model
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finbehave.backends.base import LogLine, Serving
from finbehave.disk import unwritable
from finbehave.errors import FinbehaveError
from finbehave.packaging.package import ENVIRONMENT, MANIFEST, REQUIREMENTS, Package
from finbehave.redaction import redact
from finbehave.version import __version__

LINES = 20_000
"""At most so many of the newest lines of each log."""

LOG = "deployment.log"


def keep_bundle(serving: Serving, workspace: Path, endpoint: str, deployment: str, package: Package, why: str) -> Path:
    """Write the bundle of a deployment, whole or not at all, and return its folder.

    Raises:
        DiskFull, ConfigurationError: it cannot be written.
    """
    name = f"{endpoint}-{deployment}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    bundles = workspace.absolute() / "bundles"
    try:
        bundles.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=bundles))
        try:
            _fill(staging, serving, endpoint, deployment, package, why)
            return _settle(staging, bundles / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise unwritable(bundles, error) from error


def _fill(folder: Path, serving: Serving, endpoint: str, deployment: str, package: Package, why: str) -> None:
    (folder / "why.txt").write_text(redact(why) + "\n", encoding="utf-8")
    (folder / LOG).write_text(_log(serving, endpoint, deployment), encoding="utf-8")
    (folder / "endpoint.log").write_text(_log(serving, endpoint, None), encoding="utf-8")
    for name in (MANIFEST, REQUIREMENTS, ENVIRONMENT):
        shutil.copyfile(package.path / name, folder / name)
    _write_json(folder / "traffic.json", _traffic(serving, endpoint))
    _write_json(folder / "versions.json", _versions(package))


def _log(serving: Serving, endpoint: str, deployment: str | None) -> str:
    try:
        lines: Sequence[LogLine] = serving.logs(endpoint, deployment=deployment, tail=LINES)
    except FinbehaveError as error:
        return f"the log could not be fetched: {error.message}\n"
    shown = (line.text if deployment else f"{line.time} {line.deployment or '-'} {line.text}" for line in lines)
    return redact("".join(text.rstrip("\n") + "\n" for text in shown))


def _traffic(serving: Serving, endpoint: str) -> dict[str, Any]:
    try:
        return {
            "endpoint": asdict(serving.endpoint(endpoint)),
            "ledger": [asdict(entry) for entry in serving.ledger(endpoint)],
        }
    except FinbehaveError as error:
        return {"error": error.message}


def _versions(package: Package) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "finbehave": __version__,
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
        "model": {"digest": package.digest, "python": manifest.python, "packages": manifest.packages},
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(redact(json.dumps(value, indent=2, default=str, ensure_ascii=False)) + "\n", encoding="utf-8")


def _settle(staging: Path, target: Path) -> Path:
    """Give the folder its name, with a number behind it where another one of this second has it."""
    staging.chmod(0o700)
    free, number = target, 1
    while free.exists():
        number += 1
        free = target.with_name(f"{target.name}-{number}")
    os.rename(staging, free)  # noqa: PTH104 - a folder of this process's own becomes visible at once
    return free
