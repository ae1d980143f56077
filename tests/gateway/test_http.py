"""The endpoint's HTTP interface, asked with an ordinary client."""

from __future__ import annotations

import json
import math
import re
import socket
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.conftest import Asked


def said(asked: Asked, request: bytes) -> bytes:
    """What comes back for raw bytes, until the endpoint closes."""
    with socket.create_connection(asked.address, timeout=60) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_rows_are_taken_in_every_form_and_answered_alike(asked: Asked) -> None:
    row = asked.row
    one = asked.post(row)
    assert one.status_code == 200, one.text
    answer = one.json()
    assert list(answer) == ["predictions", "probabilities", "model", "deployment"]
    assert (answer["model"], answer["deployment"]) == ("late-payers:1.0.0", "blue")
    assert sum(answer["probabilities"][0].values()) == pytest.approx(1)
    columns = {"columns": list(row), "data": [list(row.values())]}
    for form in ([row], {"data": [row]}, columns):
        assert asked.post(form).json() == answer
    assert asked.post([row, row]).json()["probabilities"] == answer["probabilities"] * 2


def test_a_deployment_is_asked_by_header_and_says_so(asked: Asked) -> None:
    named = asked.post(asked.row, **{"azureml-model-deployment": "green"})
    assert (named.status_code, named.headers["azureml-model-deployment"]) == (200, "green")
    assert named.json()["deployment"] == "green"
    missing = asked.post(asked.row, **{"azureml-model-deployment": "purple"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "deployment-not-found")


def test_either_key_opens_and_no_other(asked: Asked) -> None:
    assert asked.post(asked.row, Authorization=f"Bearer {asked.keys['secondary']}").status_code == 200
    for wrong in ("", "Bearer", "Bearer x", f"Basic {asked.keys['primary']}", asked.keys["primary"]):
        refused = asked.post(asked.row, Authorization=wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "auth-key")
        assert refused.headers["www-authenticate"] == "Bearer"


def test_the_callers_request_id_comes_back_and_another_is_made(asked: Asked) -> None:
    assert asked.post(asked.row, **{"x-request-id": "order-7"}).headers["x-request-id"] == "order-7"
    made = asked.post(asked.row).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert asked.post(asked.row, **{"x-request-id": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_an_answer_says_what_the_model_itself_took(asked: Asked) -> None:
    said = [asked.post([asked.row] * rows).headers["server-timing"] for rows in (1, 2000)]
    one, many = (float(text.removeprefix("model;dur=")) for text in said)
    assert 0 < one < many
    assert "server-timing" not in asked.post([{"nothing": 1}]).headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"nonsense", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b'{"a": ' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"[]", 400),
        (b"12", 400),
        (b'"text"', 400),
        (b'{"income": 1, "income": 2', 400),
    ],
)
def test_what_is_no_row_is_refused_and_told(asked: Asked, body: bytes, status: int) -> None:
    refused = asked.post(body)
    assert refused.status_code == status, refused.text
    assert refused.json()["error"]["message"]
    assert "Traceback" not in refused.text


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"income": "a lot"}, "income"),
        ({"income": [1]}, "income"),
        ({"income": math.inf}, "income"),
        ({"account": {"x": 1}}, "account"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_row_that_does_not_fit_names_row_and_column(asked: Asked, change: dict[str, Any], column: str) -> None:
    refused = asked.post([asked.row, {**asked.row, **change}])
    assert refused.status_code == 422, refused.text
    assert refused.json()["error"]["code"] == "input-invalid"
    assert "row 1" in refused.json()["error"]["message"]
    assert column in refused.json()["error"]["message"]


def test_not_a_number_is_a_value_that_is_missing(asked: Asked) -> None:
    missing = asked.post({**asked.row, "income": None})
    assert missing.status_code == 200
    assert asked.post({**asked.row, "income": math.nan}).json() == missing.json()


def test_a_missing_column_is_named(asked: Asked) -> None:
    refused = asked.post({name: value for name, value in asked.row.items() if name != "income"})
    assert refused.status_code == 422
    assert "'income'" in refused.json()["error"]["message"]


def test_odd_text_is_only_another_category(asked: Asked) -> None:
    for text in ("\ud800", "\u202e\x00", "x" * 10_000, "😀"):
        assert asked.post({**asked.row, "account": text}).status_code in (200, 400, 422)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(asked: Asked) -> None:
    head = f"POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {asked.keys['primary']}\r\n"
    answer = said(asked, f"{head}Content-Length: {1 << 40}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


def test_chunks_are_put_together(asked: Asked) -> None:
    body = json.dumps(asked.row).encode()
    head = f"POST /score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {asked.keys['primary']}\r\n"
    head += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    assert b'"predictions"' in said(asked, head.encode() + chunks)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-Large: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(asked: Asked, request_bytes: bytes) -> None:
    answer = said(asked, request_bytes)
    assert re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:200]
    assert asked.get("/health").status_code == 200


def test_pages(asked: Asked) -> None:
    assert asked.get("/health").json() == {"status": "alive"}
    assert asked.get("/ready").json() == {"status": "ready"}
    assert asked.get("/nowhere").status_code == 404
    wrong = asked.get("/score")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_the_description_names_the_features_and_is_openapi(asked: Asked) -> None:
    document = asked.get("/swagger.json").json()
    assert document["openapi"].startswith("3.")
    features = document["components"]["schemas"]["Row"]["properties"]
    assert features["income"]["type"] == "number"
    assert features["account"]["type"] == "string"
    assert set(features) == set(asked.row)
    assert {"200", "400", "401", "404", "413", "422", "429", "503", "504"} <= set(
        document["paths"]["/score"]["post"]["responses"]
    )


def test_metrics_count_what_was_asked(asked: Asked) -> None:
    def count(text: str, line: str) -> float:
        return sum(float(found) for found in re.findall(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE))

    wanted = 'finbehave_requests_total{deployment="blue",model="late-payers:1.0.0",code="200"}'
    before = count(asked.get("/metrics").text, wanted)
    for _ in range(3):
        asked.post([asked.row] * 5)
    after = asked.get("/metrics")
    assert after.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert count(after.text, wanted) == before + 3
    assert 'finbehave_workers{deployment="blue",model="late-payers:1.0.0"} 1' in after.text
    assert asked.program.ok("status")["endpoints"][0]["deployments"][0]["requests"] >= 3


def test_prometheus_reads_the_metrics(asked: Asked) -> None:
    asked.post(asked.row)
    asked.post("no row")
    families = {one.name: one for one in text_string_to_metric_families(asked.get("/metrics").text)}
    assert families["finbehave_requests"].type == "counter"
    assert {sample.labels["code"] for sample in families["finbehave_requests"].samples} >= {"200"}
    for name in ("finbehave_request_seconds", "finbehave_queue_seconds", "finbehave_batch_requests"):
        assert families[name].type == "histogram"
        blue = [sample for sample in families[name].samples if sample.labels["deployment"] == "blue"]
        counts = {sample.labels["le"]: sample.value for sample in blue if "le" in sample.labels}
        (total,) = (sample.value for sample in blue if sample.name.endswith("_count"))
        assert list(counts.values()) == sorted(counts.values())
        assert counts["+Inf"] == total > 0
    assert all(family.documentation for family in families.values())
    assert {label for one in families.values() for sample in one.samples for label in sample.labels} <= {
        "deployment", "model", "code", "le", "version",
    }  # fmt: skip


def test_samples_of_rows_with_their_answers_are_kept(asked: Asked) -> None:
    answer = asked.post(asked.row, **{"x-request-id": "kept-1"}).json()
    log = asked.program.workspace / "endpoints" / "fin-behavior-ep-fixed" / "predictions" / "blue.jsonl"
    deadline = time.monotonic() + 30
    while not log.exists() or "kept-1" not in log.read_text():
        assert time.monotonic() < deadline, "the sample did not come"
        time.sleep(0.02)
    kept = next(json.loads(line) for line in log.read_text().splitlines() if "kept-1" in line)
    assert kept["inputs"][0]["income"] == asked.row["income"]
    assert kept["predictions"] == answer["predictions"]
    assert any('"request": "kept-1"' in line["text"] for line in asked.program.ok("logs")["lines"])


def test_a_rotated_key_opens_at_once_and_the_old_one_no_more(asked: Asked) -> None:
    old = asked.keys["primary"]
    asked.keys = asked.program.ok("keys", "rotate", "--yes")
    assert asked.keys["primary"] != old
    assert asked.post(asked.row).status_code == 200
    assert asked.post(asked.row, Authorization=f"Bearer {old}").status_code == 401


def test_invoke_asks_as_a_client_does(asked: Asked, tmp_path: Any) -> None:
    program = asked.program
    answer = program.ok("invoke", "--data", json.dumps(asked.row))
    assert answer["deployment"] == "blue"
    assert answer["predictions"] == asked.post(asked.row).json()["predictions"]
    assert program.ok("invoke", "--deployment", "green", "-", stdin=json.dumps([asked.row]))["deployment"] == "green"
    rows = tmp_path / "rows.csv"
    lines = [",".join(asked.row), *[",".join(map(str, asked.row.values()))] * 2500, ",".join("x" for _ in asked.row)]
    rows.write_text("\n".join(lines) + "\n")
    done = program.ok("invoke", "--file", str(rows), "--out", str(tmp_path / "out.csv"))
    assert (done["rows"], done["failed"]) == (2501, 1)
    written = (tmp_path / "out.csv").read_text().splitlines()
    assert len(written) == 2502
    assert written[0].endswith("prediction,probability_0,probability_1,error")
    refused = program("invoke", "--data", '{"income": 1}', "-o", "json")
    assert (refused.code, refused.error["code"]) == (4, "input-invalid")
