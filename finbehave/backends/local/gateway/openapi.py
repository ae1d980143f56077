"""``/swagger.json``: the endpoint described in OpenAPI 3, with the features of the model that has the most traffic."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from finbehave.backends.local.gateway.routing import Switchboard

_JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean"}
"""Kind of a feature -> its type in JSON; every other kind is written as text."""

_REFUSALS = {
    400: "no JSON, or no rows", 401: "no key, or a wrong one", 404: "no such deployment", 413: "a body too large",
    422: "a row that the schema refuses", 429: "more requests than can be answered in time", 500: "the model failed",
    503: "no deployment is ready", 504: "no answer in time",
}  # fmt: skip


def description(name: str, switchboard: Switchboard) -> str:
    """The document, as JSON."""
    shares = switchboard.table.shares
    route = max(switchboard.routes.items(), key=lambda named: shares.get(named[0], 0), default=None)
    row, model = ({"type": "object"}, "no model") if route is None else (_row(route[1].package), route[1].model)
    return json.dumps(
        {
            "openapi": "3.0.3",
            "info": {"title": name, "version": model},
            "paths": {
                "/score": {"post": _scoring()},
                "/health": {"get": _page("Whether the endpoint is alive.", [200])},
                "/ready": {"get": _page("Whether a deployment with traffic can answer.", [200, 503])},
            },
            "components": {
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "schemas": {"Row": row, "Rows": _rows(), "Answer": _answer(), "Error": _error()},
            },
        }
    )


@lru_cache(maxsize=8)
def _row(package: Path) -> dict[str, Any]:
    features = json.loads((package / "manifest.json").read_text(encoding="utf-8"))["features"]
    properties = {feature["name"]: _property(feature) for feature in features}
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _property(feature: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"type": _JSON_TYPES.get(feature["kind"], "string"), "nullable": True}
    if feature.get("example") is not None:
        described["example"] = feature["example"]
    return described


def _rows() -> dict[str, Any]:
    row = {"$ref": "#/components/schemas/Row"}
    many = {"type": "array", "items": row, "minItems": 1}
    data = {"type": "object", "required": ["data"], "properties": {"data": many}, "additionalProperties": False}
    split = {
        "type": "object", "required": ["columns", "data"], "additionalProperties": False,
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "data": {"type": "array", "items": {"type": "array", "items": {}}},
        },
    }  # fmt: skip
    return {"anyOf": [row, many, data, split]}


def _answer() -> dict[str, Any]:
    chance = {"type": "object", "additionalProperties": {"type": "number"}}
    return {
        "type": "object",
        "required": ["predictions", "probabilities", "model", "deployment"],
        "properties": {
            "predictions": {"type": "array", "items": {}},
            "probabilities": {"type": "array", "nullable": True, "items": chance},
            "model": {"type": "string"},
            "deployment": {"type": "string"},
        },
    }


def _error() -> dict[str, Any]:
    inner = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    return {"type": "object", "required": ["error"], "properties": {"error": inner}}


def _scoring() -> dict[str, Any]:
    header = {"in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "summary": "Answer rows.",
        "security": [{"key": []}],
        "parameters": [
            {"name": "azureml-model-deployment", "description": "ask exactly this deployment", **header},
            {"name": "x-request-id", "description": "comes back with the answer", **header},
        ],
        "requestBody": {"required": True, "content": _content("Rows")},
        "responses": {
            "200": {"description": "an answer for each row", "content": _content("Answer")},
            **{
                str(status): {"description": meaning, "content": _content("Error")}
                for status, meaning in _REFUSALS.items()
            },
        },
    }


def _page(summary: str, statuses: list[int]) -> dict[str, Any]:
    return {"summary": summary, "responses": {str(status): {"description": summary} for status in statuses}}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
