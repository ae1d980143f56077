"""Running uv, the tool that builds environments: found, started without secrets, its words passed on as they come."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finbehave.errors import ConfigurationError

_PASSED_ON = frozenset(
    """
    HOME USER LOGNAME PATH TMPDIR LANG LC_ALL XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_BIN_HOME
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy SSL_CERT_FILE
    SSL_CERT_DIR SSL_CLIENT_CERT NETRC LD_LIBRARY_PATH DYLD_LIBRARY_PATH SYSTEMROOT
    """.split()
)
"""What uv needs to find its caches, the proxy and the index. Nothing of this is a setting of finbehave."""


@dataclass(frozen=True)
class ToolRun:
    """How a run ended and all that it said."""

    status: int
    stdout: str
    stderr: str


def find_uv() -> Path:
    """The ``uv`` program: the one installed with finbehave, else one on the PATH.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        if found := shutil.which("uv"):
            return Path(found)
    raise ConfigurationError("uv, which builds environments, is not installed", remedy="pip install uv")


def run_uv(
    arguments: Sequence[str | Path],
    *,
    cwd: Path,
    offline: bool = False,
    impatient: bool = False,
    on_line: Callable[[str], None] | None = None,
) -> ToolRun:
    """Run uv to its end.

    Args:
        arguments: Without the program's name.
        cwd: Where it runs. A folder of our own, so that no ``pyproject.toml`` of the user's changes what it resolves.
        offline: Use what its cache holds and nothing else.
        impatient: Give up on a network that does not answer at the first failure instead of trying for long.
        on_line: Called with each line of its stderr as it comes, from a thread that reads it.
    """
    command = [str(find_uv()), *map(str, arguments), "--color", "never", *(["--offline"] if offline else [])]
    process = subprocess.Popen(
        command, cwd=cwd, env=_environment(impatient=impatient), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    said: list[str] = []

    def listen() -> None:
        for line in process.stderr or ():
            said.append(line)
            if on_line is not None:
                on_line(line.rstrip())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        stdout = process.stdout.read()
        listener.join()
        status = process.wait()
    finally:  # Ctrl-C, or an error of the listener's caller: uv does not outlive us
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
    return ToolRun(status, stdout, "".join(said))


def _environment(*, impatient: bool) -> dict[str, str]:
    """Our environment without its secrets: paths, proxies, certificates, and uv's own variables."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("UV_")}
    kept.pop("UV_PYTHON", None)  # it would overrule the interpreter that an environment asks for
    if impatient:
        kept.setdefault("UV_HTTP_RETRIES", "0")
        kept.setdefault("UV_HTTP_TIMEOUT", "10")
    return kept
