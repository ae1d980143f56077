"""Requests that finbehave's own gateway refused, as its log has them: each line names its code.

They are written down where nothing is wrong with the endpoint too, so real failures come before them.
"""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Signature

_SOURCE = "finbehave's gateway: one line for each refused request"


def _refused(code: str, title: str, remedy: str, *, own: str = "", confidence: float = 0.8) -> Signature:
    """``own`` is the gateway's code where the cause has another name."""
    said = own or code
    return Signature(
        code,
        (f'"code": "{said}"',),
        rf'"status": \d+, "code": "{said}", "why": "(?P<why>(?:[^"\\]|\\.){{0,300}})',
        title,
        remedy,
        _SOURCE,
        confidence=confidence,
        quiet=True,
    )


SIGNATURES = (
    _refused(
        "auth-key",
        "clients send no key, or a wrong one",
        "finbehave keys show has the keys; a client sends one as Authorization: Bearer KEY",
    ),
    _refused(
        "throttled",
        "clients ask more at once than can be answered",
        "ask more slowly (wait as long as Retry-After says), or finbehave deploy MODEL with a higher --instance-count",
    ),
    _refused(
        "scoring-timeout",
        "an answer took longer than a request may",
        "send fewer rows in a request (finbehave invoke --out streams a file), or finbehave rollback",
    ),
    _refused(
        "response-not-json",
        "{why}",
        "let the model answer plain numbers or text, then finbehave deploy MODEL; or finbehave rollback",
    ),
    _refused(
        "run-failed",
        "{why}",
        "finbehave logs --deployment NAME shows the traceback; mend the model, or finbehave rollback",
        confidence=0.5,  # the traceback says more
    ),
    _refused(
        "no-traffic",
        "no deployment of the endpoint holds traffic",
        "finbehave traffic set blue=100 (finbehave status shows which deployments there are)",
    ),
    _refused(
        "endpoint-not-found",
        "clients ask for a deployment that the endpoint does not have: {why}",
        "leave out the header azureml-model-deployment, or name one that finbehave status shows",
        own="deployment-not-found",
    ),
    _refused(
        "input-invalid",
        "clients send rows that the model does not take: {why}",
        "mend the rows; finbehave models show NAME:VERSION lists the features",
    ),
    _refused(
        "input-invalid",
        "clients send what is no JSON: {why}",
        "send a row as a JSON object; finbehave invoke --data shows one way",
        own="malformed-json",
    ),
)
