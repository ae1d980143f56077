"""Whatever a client sends: an answer or a refusal, never a fault, never a traceback, never somebody else's answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Asked

BOUNDED = settings(
    max_examples=120, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def harmless(answer: httpx.Response) -> None:
    """It was answered, or refused in the contract's words."""
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    if answer.status_code != 200:
        assert set(answer.json()) == {"error"}
        assert set(answer.json()["error"]) == {"code", "message"}


def test_what_its_own_description_allows_and_forbids_never_ends_in_a_fault(asked: Asked) -> None:
    described = schemathesis.openapi.from_url(f"{asked.base}/swagger.json")
    key = {"Authorization": f"Bearer {asked.keys['primary']}"}

    for operation in (found.ok() for found in described.get_all_operations()):

        @BOUNDED
        @given(case=operation.as_strategy())
        def answers(case: Any) -> None:
            response = case.call(headers=key)
            assert response.status_code < 500 or (case.path, response.status_code) == ("/ready", 503)
            case.validate_response(response, checks=[schemathesis.checks.not_a_server_error])

        answers()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@BOUNDED
@given(value=JSON, column=st.sampled_from(["income", "age", "account", "late", ""]), wrapped=st.booleans())
def test_any_value_in_any_column_is_answered_or_refused(asked: Asked, value: Any, column: str, wrapped: bool) -> None:
    row = {**asked.row, column: value}
    body = {"data": [row]} if wrapped else row
    harmless(asked.post(json.dumps(body).encode("utf-8", "surrogatepass")))


@BOUNDED
@given(body=st.binary(max_size=400) | JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_any_body_is_answered_or_refused(asked: Asked, body: bytes) -> None:
    harmless(asked.post(body))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"income": ' + b"9" * 5_000 + b"}",
        b'{"income": 1e999, "age": -1e999}',
        b'{"income": NaN, "age": Infinity}',
        b'{"account": "\\ud800"}',
        b'{"account": "\\u0000\\u202e\\ufffe"}',
        b'{"income": 1, "income": 2}',
        b'{"columns": ["income", "income"], "data": [[1, 2]]}',
        b'{"columns": ["income"], "data": [[1, 2, 3], []]}',
        b'{"columns": [], "data": []}',
        b'{"columns": [' + b",".join(b'"c%d"' % n for n in range(200_000)) + b'], "data": [[]]}',
        b"{" + b",".join(b'"c%d": 1' % n for n in range(1_000_000)) + b"}",
        b'{"data": [' + b",".join([b"{}"] * 100_000) + b"]}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"__class__": "os.system", "__reduce__": ["os", "id"]}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_bodies_that_have_broken_servers_are_refused(asked: Asked, body: bytes) -> None:
    answer = asked.post(body)
    harmless(answer)
    assert answer.status_code in (400, 413, 422)
    assert len(answer.content) < 2_000


def test_nobody_gets_the_answer_of_somebody_else_among_hostile_neighbours(asked: Asked) -> None:
    ages = range(20, 60)
    alone = {age: asked.post({**asked.row, "age": age}).json()["probabilities"] for age in ages}
    hostile = [b"{", b'{"age": "x"}', b"[" * 1000, json.dumps({**asked.row, "extra": 1}).encode()]

    def ask(number: int) -> bool:
        if number % 3 == 0:
            return asked.post(hostile[number % len(hostile)]).status_code in (400, 422)
        age = ages[number % len(ages)]
        return bool(asked.post({**asked.row, "age": age}).json()["probabilities"] == alone[age])

    with ThreadPoolExecutor(8) as crowd:
        assert all(crowd.map(ask, range(240)))
