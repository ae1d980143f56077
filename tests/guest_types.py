"""Type-check the guest's modules the way they run: as top-level siblings, apart from the package."""

import os
import subprocess
import sys
from pathlib import Path

GUEST = Path(__file__).parent.parent / "finbehave" / "guest"


def main() -> int:
    modules = [argument for file in sorted(GUEST.glob("*.py")) for argument in ("-m", file.stem)]
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--ignore-missing-imports", *modules]
    return subprocess.run(command, env=os.environ | {"MYPYPATH": str(GUEST)}, cwd=GUEST, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
