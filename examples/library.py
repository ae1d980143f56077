"""The same release from Python: each verb is a function that returns what the command prints, and raises its errors.

python examples/library.py DATA TARGET
"""

from __future__ import annotations

import sys
from pathlib import Path

import finbehave
from finbehave.errors import FinbehaveError


def main(data: Path, target: str) -> int:
    settings = finbehave.load_settings({"model_name": "from-a-script", "endpoint": "script-ep"})
    package = settings.workspace / "packages" / "from-a-script"
    try:
        trained = finbehave.train(data, target, out=package, settings=settings)
        print(f"{trained.estimator}: ROC AUC {trained.metrics['roc_auc']:.3f}, dropped {sorted(trained.dropped)}")
        verdict = finbehave.check_compat(str(package), settings=settings).verdict
        print(f"verdict: {verdict.value}")
        registered = finbehave.register(package, settings=settings)
        live = finbehave.deploy(f"{registered.name}:{registered.version}", settings=settings)
        print(f"live: {live.model} on {live.deployment}, traffic {live.traffic}")
        rows = finbehave.validate(data, target=target, settings=settings).rows
        print(f"{rows} rows could be asked at {live.scoring_uri}")
    except FinbehaveError as error:
        print(f"{error.message}\n-> {error.remedy}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
