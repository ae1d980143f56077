#!/bin/sh
# Releases a new model from a file of data, unattended: every step is gated, and the exit status says what happened.
#
#     examples/release.sh DATA TARGET [ENDPOINT]
#
# 0  the model is live (or was already)      5, 6  the model may not run there      7  a gate held it back; traffic is
# 4  the data was refused                    9     try again later                     where it was
#
# FINBEHAVE_* variables say the rest: FINBEHAVE_BACKEND, FINBEHAVE_WORKSPACE, FINBEHAVE_MODEL_NAME, ...
set -eu

data=$1 target=$2 endpoint=${3:-fin-behavior-ep-fixed}
package=$(mktemp -d)/package
document=$(mktemp)
trap 'rm -rf "$(dirname "$package")" "$document"' EXIT

# Runs a command, keeps its JSON document, and ends with its status where it fails.
step() {
    status=0
    finbehave "$@" --output json >"$document" 2>/dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        echo "finbehave $1: $(value error.message)" >&2
        echo "  -> $(value error.remedy)" >&2
        exit "$status"
    fi
}

# One value of the document, by its path.
value() {
    python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    found = found[name]
print(found)' "$document" "$1"
}

step train --data "$data" --target "$target" --out "$package"
echo "trained: $(value result.estimator), held-out $(value result.metrics)"

step check-compat "$package"
echo "verdict: $(value result.verdict)"

step register "$package"
model=$(value result.name):$(value result.version)
echo "registered: $model"

step deploy "$model" --endpoint "$endpoint" --strategy canary --steps 10,50,100 --yes
echo "live: $model on $(value result.deployment), $(value result.scoring_uri)"
