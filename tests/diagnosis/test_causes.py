"""Every cause code of the contract is named, from a log, with what mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finbehave.diagnosis.engine import diagnose
from finbehave.diagnosis.signatures import SIGNATURES
from finbehave.diagnosis.signatures.form import CAUSE_CODES
from finbehave.diagnosis.signatures.scripts import INIT_FAILED, RUN_FAILED
from tests.diagnosis.corpus import CASES, Case

CONTRACT = frozenset(
    [
        "sklearn-mismatch",
        "numpy-abi",
        "python-version",
        "missing-package",
        "missing-class",
        "model-not-found",
        "model-corrupt",
        "model-is-pointer",
        "score-script-missing",
        "score-script-invalid",
        "library-mismatch",
        "init-failed",
        "init-timeout",
        "out-of-memory",
        "segfault",
        "run-failed",
        "response-not-json",
        "scoring-timeout",
        "input-invalid",
        "probe-misconfigured",
        "image-build-failed",
        "image-pull-denied",
        "quota",
        "throttled",
        "auth-key",
        "auth-token",
        "role-missing",
        "endpoint-not-found",
        "no-traffic",
        "conflict",
        "network-blocked",
        "disk-full",
        "platform-error",
    ]
)

COMMAND_OR_EDIT = re.compile(
    r"finbehave \w+|environment\.yml|\b(?:add|pin|set|put|correct|write|return|load|free|give|wait|ask|read|use|see"
    r"|move|ship"
    r"|take|name|copy|download|git lfs|az login|build|send|upgrade)\b"
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.name}")
def test_a_log_of_each_kind_gets_its_cause_its_evidence_and_its_remedy(case: Case) -> None:
    (cause,) = diagnose(case.log)
    assert cause.code == case.code
    assert case.evidence in cause.evidence[0].text
    assert cause.evidence[0].text in re.sub(r"\s+$", "", case.log.split("\n")[cause.evidence[0].line - 1])
    for words in case.says:
        assert words in f"{cause.title} {cause.remedy}"
    assert 0 < cause.confidence <= 1


@pytest.mark.parametrize("code", sorted(CONTRACT))
def test_each_code_of_the_contract_has_a_signature_a_title_a_remedy_and_a_log(code: str) -> None:
    known = [signature for signature in (*SIGNATURES, INIT_FAILED, RUN_FAILED) if signature.code == code]
    assert known
    assert any(case.code == code for case in CASES)
    for case in (case for case in CASES if case.code == code):
        (cause,) = diagnose(case.log)
        assert "…" not in cause.title + cause.remedy
        assert not re.search(r"\{[a-z_]+\}", cause.title + cause.remedy)
        assert COMMAND_OR_EDIT.search(cause.remedy)
        assert len(cause.remedy) < 420


def test_the_codes_are_those_of_the_contract() -> None:
    assert set(CAUSE_CODES) == CONTRACT
    assert {signature.code for signature in (*SIGNATURES, INIT_FAILED, RUN_FAILED)} == CONTRACT


def test_every_anchor_is_in_small_letters_and_every_pattern_compiles() -> None:
    for signature in SIGNATURES:
        re.compile(signature.pattern)
        assert signature.anchors
        for anchor in signature.anchors:
            assert anchor == anchor.lower()


def test_a_release_that_needs_another_python_is_two_things_to_mend() -> None:
    log = (
        "ERROR: Ignored the following versions that require a different python version: 2.0.1 Requires-Python >=3.9; "
        "2.3.0 "
        "Requires-Python >=3.10,<3.14\n"
        "ERROR: No matching distribution found for pandas==2.0.1\n"
    )
    build, python = diagnose(log)
    assert (build.code, python.code) == ("image-build-failed", "python-version")
    assert ">=3.9" in build.title
    assert ">=3.9" in python.remedy


def test_explaining_needs_none_of_the_heavy_libraries() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from finbehave.diagnosis.engine import explain; explain(['No module named x']);"
        "print([m for m in ('pandas', 'numpy', 'rich', 'typer', 'pydantic', 'httpx', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
