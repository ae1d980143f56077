"""Endpoints that take tokens: the release and its requests carry the one that the endpoint takes."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.azure.conftest import Cloud

E = "fin-behavior-ep-fixed"
ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'


@pytest.mark.parametrize(
    ("mode", "token", "way"),
    [("aad_token", "ml.azure.com", "https://ml.azure.com/.default"), ("aml_token", "endpoint", "get-credentials")],
)
def test_an_endpoint_that_takes_tokens(cloud: Cloud, package: Path, mode: str, token: str, way: str) -> None:
    cloud.ok("register", str(package))
    azure = cloud.azure

    def ends() -> None:
        azure.tokens[token] = uuid.uuid4().hex

    cloud.ok("deploy", "late-payers", "--yes", env={"FINBEHAVE_AUTH_MODE": mode})
    assert azure.traffic(E) == {"blue": 100}

    assert cloud.ok("invoke", "--data", ROW)["deployment"] == "blue"
    if mode == "aml_token":
        azure.meanwhile("POST", "^/score$", ends)
        assert cloud.ok("invoke", "--data", ROW)["deployment"] == "blue"

    for words in (("show",), ("rotate", "--yes")):
        refused = cloud("keys", *words, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
        assert "has no keys" in refused.error["message"]
        assert way in refused.error["remedy"]
        assert azure.tokens[token] not in refused.out + refused.err
    assert not any(path.endswith(("/listKeys", "/regenerateKeys")) for _, path in azure.asked)

    refused = cloud("invoke", "--data", ROW, "-o", "json", env={"FINBEHAVE_KEY": "a-key"})
    assert (refused.code, refused.error["code"]) == (8, "access-denied")
    assert "refuses the token" in refused.error["message"]
    assert "onlineEndpoints/score/action" in refused.error["remedy"]
