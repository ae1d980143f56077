"""How an endpoint meets its clients: TLS, a limit for each key, answers that are remembered."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from finbehave.backends.local.database import create_database
from finbehave.backends.local.front import Front
from finbehave.backends.local.state import State
from tests.certificates import write_certificate
from tests.conftest import Finbehave
from tests.gateway.conftest import Asked


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Asked]:
    """An endpoint that lets each key ask twice a second and remembers answers."""
    program = Finbehave(tmp_path_factory.mktemp("limited"))
    try:
        program.ok("register", str(package))
        program.ok("deploy", "late-payers", "--rate-limit", "2", "--response-cache", "100")
        yield Asked(program, package)
    finally:
        program.end()


def counted(asked: Asked, name: str) -> float:
    families = text_string_to_metric_families(asked.get("/metrics").text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def test_a_key_that_asks_too_often_is_told_when_to_come_again_and_the_other_is_answered(limited: Asked) -> None:
    answers = [limited.post(limited.row) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == 200
    assert refused
    assert refused[0].json()["error"] == {"code": "throttled", "message": "a key may ask 2 times a second"}
    assert refused[0].headers["retry-after"] == "1"
    other = {"Authorization": f"Bearer {limited.keys['secondary']}"}
    assert limited.post(limited.row, **other).status_code == 200


def test_a_limit_is_taken_away_while_the_endpoint_runs(limited: Asked) -> None:
    limited.program.ok("deploy", "late-payers", "--rate-limit", "0")
    assert {limited.post(limited.row).status_code for _ in range(12)} == {200}


def test_an_equal_request_is_answered_as_the_one_before_and_another_is_not(limited: Asked) -> None:
    limited.program.ok("deploy", "late-payers", "--rate-limit", "0")
    body = json.dumps({**limited.row, "age": 41})
    first = limited.post(body.encode())
    hits = counted(limited, "finbehave_cache_hits_total")
    again = [limited.post(body.encode()) for _ in range(3)]
    assert {answer.content for answer in again} == {first.content}
    assert len({answer.headers["x-request-id"] for answer in [first, *again]}) == 4
    assert counted(limited, "finbehave_cache_hits_total") == hits + 3
    misses = counted(limited, "finbehave_cache_misses_total")
    assert limited.post({**limited.row, "age": 77}).json() != first.json()
    assert counted(limited, "finbehave_cache_misses_total") == misses + 1
    wrong = [limited.post({**limited.row, "age": "old"}).status_code for _ in range(2)]
    assert wrong == [422, 422]
    assert counted(limited, "finbehave_requests_total") >= 6  # what is remembered counts as answered


def test_a_deployment_without_traffic_answers_copies_that_no_client_sees(asked: Asked) -> None:
    program = asked.program
    for words in (("blue=10",), ("green=60",), ("purple=10",)):
        assert program("traffic", "mirror", *words, "-o", "json").code in (2, 3)
    begun = program.ok("traffic", "mirror", "green=50")
    assert (begun["mirror"]["deployment"], begun["mirror"]["percent"], begun["traffic"]) == ("green", 50, {"blue": 100})
    answers = [asked.post({**asked.row, "age": 20 + number}) for number in range(40)]
    assert {answer.headers["azureml-model-deployment"] for answer in answers} == {"blue"}
    mirror = program.ok("traffic", "show")["mirror"]
    assert 0 < mirror["same"] <= 40  # the same model answers there
    assert (mirror["otherwise"], mirror["failed"]) == (0, 0)
    assert counted(asked, "finbehave_mirrored_total") >= mirror["same"]
    assert program.ok("status")["endpoints"][0]["mirror"]["percent"] == 50
    assert program.ok("traffic", "mirror", "green=0")["mirror"] is None
    before = counted(asked, "finbehave_mirrored_total")
    assert asked.post(asked.row).status_code == 200
    assert counted(asked, "finbehave_mirrored_total") == before


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("tls"), ["127.0.0.1"])


def test_over_tls_a_client_that_trusts_the_certificate_is_answered_and_a_plain_one_is_not(
    finbehave: Finbehave, package: Path, certificate: tuple[Path, Path]
) -> None:
    cert, key = (str(path) for path in certificate)
    finbehave.ok("register", str(package))
    uri = finbehave.ok("deploy", "late-payers", "--tls-cert", cert, "--tls-key", key)["scoring_uri"]
    assert uri.startswith("https://127.0.0.1:")
    row = json.loads((package / "golden.json").read_text())["rows"][0]
    bearer = {"Authorization": f"Bearer {finbehave.ok('keys', 'show')['primary']}"}
    trusting = ssl.create_default_context(cafile=cert)
    assert httpx.post(uri, json=row, headers=bearer, verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.post(uri, json=row, headers=bearer)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(uri.replace("https", "http"), json=row, headers=bearer)
    too_long = httpx.post(uri, json=row, headers={**bearer, "x-long": "x" * 70_000}, verify=trusting)
    assert too_long.status_code == 431
    assert finbehave.ok("invoke", "--data", json.dumps(row))["model"] == "late-payers:1.0.0"
    finbehave.ok("stop", "--yes")
    finbehave.ok("start")
    assert finbehave.ok("status")["endpoints"][0]["scoring_uri"] == uri
    assert httpx.post(uri, json=row, headers=bearer, verify=trusting).status_code == 200


def test_a_certificate_without_its_own_key_is_refused_before_anything_is_made(
    finbehave: Finbehave, package: Path, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = (str(path) for path in certificate)
    (tmp_path / "no.pem").write_text("no key")
    finbehave.ok("register", str(package))
    for words in (("--tls-cert", cert), ("--tls-cert", cert, "--tls-key", str(tmp_path / "no.pem")),
                  ("--tls-cert", key, "--tls-key", key), ("--tls-cert", "nowhere.pem", "--tls-key", key)):  # fmt: skip
        refused = finbehave("deploy", "late-payers", *words, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "configuration"), str(refused)
    assert finbehave.ok("status")["endpoints"] == []


def test_tls_is_never_promised_to_an_endpoint_that_goes_on_in_plain(
    asked: Asked, certificate: tuple[Path, Path]
) -> None:
    cert, key = (str(path) for path in certificate)
    refused = asked.program("deploy", "late-payers", "--tls-cert", cert, "--tls-key", key, "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
    assert "speaks http" in refused.error["message"]
    assert asked.post(asked.row).status_code == 200


def test_a_mirror_ends_where_its_deployment_gets_traffic(asked: Asked) -> None:
    program = asked.program
    program.ok("traffic", "mirror", "green=20")
    program.ok("traffic", "set", "blue=90", "green=10")
    assert program.ok("traffic", "set", "blue=100")["mirror"] is None
    assert program.ok("traffic", "show")["mirror"] is None
    program.ok("traffic", "mirror", "green=20")
    program.ok("delete", "--deployment", "green", "--yes")
    program.ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
    program.ok("start", "--deployment", "green")
    assert program.ok("traffic", "show")["mirror"] is None


def test_two_changes_at_once_are_both_there(tmp_path: Path) -> None:
    folder = tmp_path / "ep"
    create_database(folder, "127.0.0.1", 0, tmp_path / "runtime")
    with State(folder) as one, State(folder) as other:
        one.front(), other.front()
        one.change_front(rate_limit=5.0)
        other.change_front(mirror="green", mirror_percent=10)
        assert one.front() == Front(rate_limit=5.0, mirror="green", mirror_percent=10)
