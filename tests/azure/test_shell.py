"""The whole story from a shell, as somebody automates it, with nothing but the variables of the contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.azure.conftest import Cloud

STORY = r"""
set -euo pipefail
export FINBEHAVE_BACKEND=azure
finbehave() { "$PYTHON" -m finbehave "$@"; }
field() { "$PYTHON" -c 'import json, sys; print(eval("r" + sys.argv[1], {"r": json.load(sys.stdin)["result"]}))' "$1"; }
train() {
    finbehave train --data "$DATA" --target late --model-name late-payers --candidates linear \
        --seed "$1" --out "$2" -o json
}

train 1 first > train.json
finbehave register first -o json > register.json
finbehave deploy "late-payers:$(field '["version"]' < register.json)" --yes -o json > deploy.json
finbehave invoke --data "$ROW" -o json > invoke.json
train 2 second > again.json
finbehave register second -o json > registered.json
version=$(field '["version"]' < registered.json)
finbehave deploy "late-payers:$version" --strategy canary --steps 20,100 --yes -o json > canary.json
finbehave rollback --yes -o json > rollback.json
finbehave logs --deployment blue --explain -o json > logs.json
finbehave keys rotate --yes -o json > keys.json
finbehave invoke --data "$ROW" -o json > after.json
finbehave traffic ledger -o json > ledger.json
if finbehave deploy nobody --yes -o json > refused.json; then exit 1; else [ $? -eq 3 ]; fi
finbehave delete --yes -o json > delete.json
"""


def test_the_story_from_a_shell(cloud: Cloud, behaviour: Path) -> None:
    row = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'
    more = {"PYTHON": sys.executable, "DATA": str(behaviour), "ROW": row}
    done = subprocess.run(
        ["bash", "-c", STORY],
        cwd=cloud.folder,
        env=cloud.environment(more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = {path.stem: json.loads(path.read_text()) for path in cloud.folder.glob("*.json")}
    assert {name: one["status"] for name, one in said.items() if one["status"] != "ok"} == {"refused": "error"}
    assert said["canary"]["result"]["traffic"] == {"green": 100}
    assert said["rollback"]["result"]["traffic"] == {"blue": 100}
    assert said["after"]["result"]["model"] == said["invoke"]["result"]["model"] == "late-payers:1.0.0"
    assert [entry["traffic"] for entry in said["ledger"]["result"]["entries"]] == [
        {"blue": 100}, {"blue": 80, "green": 20}, {"green": 100}, {"blue": 100},
    ]  # fmt: skip
    assert not [path for path in cloud.azure.resources if "onlineEndpoints" in path]
