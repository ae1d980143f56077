"""Whatever is pasted: an answer, and no error."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from finbehave.diagnosis.engine import diagnose, explain
from finbehave.diagnosis.signatures import SIGNATURES
from finbehave.diagnosis.signatures.form import CAUSE_CODES
from finbehave.domain.diagnosis import Cause
from tests.diagnosis.corpus import CASES

_PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([anchor for signature in SIGNATURES for anchor in signature.anchors]),
    st.sampled_from([line for case in CASES for line in case.log.split("\n")]),
    st.sampled_from(
        ["\n", "\r\n", "\r", "\x1b[31m", "Traceback (most recent call last):\n", '  File "x", line 1, in f\n', "{", '"']
    ),
)
_LOGS = st.lists(_PIECES, max_size=40).map("".join)


def _check(causes: tuple[Cause, ...], last_line: int) -> None:
    for cause in causes:
        assert cause.code in CAUSE_CODES
        assert cause.title
        assert cause.remedy
        assert cause.evidence
        assert all(1 <= evidence.line <= last_line for evidence in cause.evidence)


@settings(max_examples=300, deadline=None)
@given(_LOGS)
def test_any_text_gets_an_answer(text: str) -> None:
    _check(diagnose(text), text.count("\n") + text.count("\r") + text.count("\\n") + 1)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    _check(diagnose(data), len(data) + 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(_PIECES, max_size=30))
def test_any_lines_get_an_answer(lines: list[str]) -> None:
    _check(explain(lines), len(lines))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_a_log_cut_anywhere_gets_its_own_cause_or_none_or_a_general_one(case: object, data: st.DataObject) -> None:
    log = case.log  # type: ignore[attr-defined]
    start = data.draw(st.integers(0, len(log)))
    end = data.draw(st.integers(start, len(log)))
    _check(diagnose(log[start:end]), log.count("\n") + 1)
