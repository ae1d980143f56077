"""What the system says of a file that cannot be written, in our words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from finbehave.errors import ConfigurationError, DiskFull, FinbehaveError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: OSError) -> bool:
    """Whether it is for want of space; also where the number got lost and only its words are left.

    ``shutil.copytree`` collects what befell each file as text.
    """
    return error.errno in _FULL or any(os.strerror(number) in str(error) for number in _FULL)


def unwritable(path: Path | str, error: OSError, *, remedy: str | None = None, after: str = "") -> FinbehaveError:
    """The error of ours for a path that could not be written.

    Args:
        path: What was written.
        error: What the system said.
        remedy: For anything but want of space.
        after: What holds now, as ``nothing was registered``.
    """
    ending = f"; {after}" if after else ""
    if is_full(error):
        return DiskFull(f"no space left to write {path}{ending}")
    return ConfigurationError(f"{path} cannot be written: {error.strerror or error}{ending}", remedy=remedy)
