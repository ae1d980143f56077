"""``python -m finbehave`` is the same program as ``finbehave``."""

from finbehave.cli.app import main

if __name__ == "__main__":
    raise SystemExit(main())
