"""Writes a JSON Schema for the ``-o json`` document of every command, out of the results' own types.

python docs/schemas/generate.py           writes docs/schemas/*.json
python docs/schemas/generate.py --check   says which are not what the code gives, and exits with 1 then
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from finbehave import errors
from finbehave.data.sample import Sample
from finbehave.domain.check import Check
from finbehave.domain.endpoint import Endpoint, Keys
from finbehave.workflows.batch import BatchResult
from finbehave.workflows.check_compat import CompatResult
from finbehave.workflows.config import ConfigResult
from finbehave.workflows.delete import DeleteResult
from finbehave.workflows.deploy import DeployResult
from finbehave.workflows.doctor import DoctorResult
from finbehave.workflows.drill import DrillResult, DrillsResult
from finbehave.workflows.invoke import InvokeResult
from finbehave.workflows.logs import LogsResult
from finbehave.workflows.models import DownloadResult, ModelDetails, ModelsResult
from finbehave.workflows.pipeline import PipelineResult
from finbehave.workflows.prepare import PrepareResult
from finbehave.workflows.register import RegisterResult
from finbehave.workflows.rollback import RollbackResult
from finbehave.workflows.status import StatusResult
from finbehave.workflows.traffic import LedgerResult, TrafficResult
from finbehave.workflows.train import TrainResult
from finbehave.workflows.troubleshoot import TroubleshootResult
from finbehave.workflows.undo import Refused
from finbehave.workflows.unit import UnitResult
from finbehave.workflows.validate import ValidateResult

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

RESULTS: dict[str, tuple[type, ...]] = {
    "pipeline": (PipelineResult, Refused, CompatResult),
    "train": (TrainResult,),
    "check-compat": (CompatResult,),
    "register": (RegisterResult,),
    "deploy": (DeployResult, Refused),
    "invoke": (InvokeResult, BatchResult),
    "logs": (LogsResult,),
    "rollback": (RollbackResult, Refused),
    "status": (StatusResult,),
    "troubleshoot": (TroubleshootResult,),
    "start": (Endpoint, UnitResult),
    "stop": (Endpoint,),
    "delete": (DeleteResult,),
    "drill": (DrillResult, DrillsResult),
    "traffic": (TrafficResult, LedgerResult),
    "models": (ModelsResult, ModelDetails, DownloadResult),
    "keys": (Keys,),
    "sample": (Sample,),
    "prepare": (PrepareResult,),
    "validate": (ValidateResult,),
    "config": (ConfigResult,),
    "doctor": (DoctorResult,),
}
"""Command -> what its ``result`` can be, beside null."""


def schema(command: str) -> dict[str, Any]:
    """The schema of a command's document."""
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[(list[Check], *RESULTS[command])])
    definitions = adapter.json_schema(mode="serialization", ref_template="#/$defs/{model}")["$defs"]
    results = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in RESULTS[command]]
    return {
        "$schema": DIALECT,
        "title": f"finbehave {command} --output json",
        "type": "object",
        "required": ["schema_version", "command", "status", "result", "checks", "error"],
        "additionalProperties": False,
        "properties": {
            "schema_version": {"const": 1},
            "command": {"pattern": f"^{command}( [a-z]+)?$"},
            "status": {"enum": ["ok", "error"]},
            "result": {"anyOf": [*results, {"type": "null"}]},
            "checks": {"type": "array", "items": {"$ref": "#/$defs/Check"}},
            "error": {"anyOf": [{"$ref": "#/$defs/Error"}, {"type": "null"}]},
        },
        "if": {"properties": {"status": {"const": "ok"}}},
        "then": {"properties": {"error": {"type": "null"}, "result": {"not": {"type": "null"}}}},
        "else": {"properties": {"error": {"type": "object"}}},
        "$defs": {**definitions, "Error": _error()},
    }


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "message", "remedy"],
        "additionalProperties": False,
        "properties": {
            "code": {"enum": sorted({kind.code for kind in _kinds(errors.FinbehaveError)})},
            "message": {"type": "string", "minLength": 1, "maxLength": 600},
            "remedy": {"type": "string", "minLength": 1},
        },
    }


def _kinds(kind: type[errors.FinbehaveError]) -> list[type[errors.FinbehaveError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _kinds(below))]


def text(command: str) -> str:
    """The file's content."""
    return json.dumps(schema(command), indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check every file."""
    stale = [name for name in RESULTS if _read(name) != text(name)]
    if "--check" in arguments:
        print("\n".join(f"docs/schemas/{name}.json is not what the code gives" for name in stale))
        return int(bool(stale))
    for name in stale:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")
    return 0


def _read(name: str) -> str:
    path = FOLDER / f"{name}.json"
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
