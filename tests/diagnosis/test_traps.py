"""What must not fool the diagnosis: harmless words, echoes, exceptions that were handled, mangled logs."""

from __future__ import annotations

import json
import string

import pytest

from finbehave.diagnosis.engine import diagnose, explain
from tests.diagnosis.corpus import CASES
from tests.diagnosis.shapes import (
    BANNER,
    FAILED_BOOT,
    INVOKING,
    PROBES,
    SERVING,
    SITE,
    in_import,
    in_init,
    in_our_worker,
    in_run,
    indented,
    server,
)

MISSING = in_import("ModuleNotFoundError: No module named 'lifelines'")


def codes(log: str | bytes) -> list[str]:
    return [cause.code for cause in diagnose(log)]


# --- healthy and unknown ----------------------------------------------------------------------------------

HARMLESS = {
    "a healthy log": BANNER + INVOKING + SERVING + server("GET / 200 0.3ms 7") + "\n",
    "nothing": "",
    "a version warning": BANNER
    + INVOKING
    + f"{SITE}/sklearn/base.py:376: InconsistentVersionWarning: Trying to unpickle estimator PCA from version 1.1.3 "
    f"when "
    "using version 1.5.2. This might lead to breaking code or invalid results.\n  warnings.warn(\n" + SERVING,
    "a numpy size warning": f"{SITE}/x.py:219: RuntimeWarning: numpy.ufunc size changed, may indicate binary "
    f"incompatibility. "
    "Expected 192 from C header, got 216 from PyObject\n" + BANNER + INVOKING + SERVING,
    "a future warning": f"{SITE}/sklearn/utils/deprecation.py:151: FutureWarning: 'force_all_finite' was renamed to "
    "'ensure_all_finite' in 1.6\n" + BANNER + INVOKING + SERVING,
    "model IDs that cannot be fetched": BANNER
    + server("Error while fetching model IDs:", level="E")
    + "\nTraceback (most recent call last):\n"
    f'  File "{SITE}/urllib3/connection.py", line 198, in _new_conn\n    sock = connection.create_connection(\n'
    "ConnectionRefusedError: [Errno 111] Connection refused\n" + INVOKING + SERVING,
    "telemetry that cannot be sent": BANNER
    + INVOKING
    + SERVING
    + "Data drop: HTTPSConnectionPool(host='dc.services.visualstudio.com', port=443): Max retries exceeded\n",
    "the front before the server is up": "2025/11/07 06:40:15 [error] 31#31: *1 connect() failed (111: Connection "
    "refused) while "
    'connecting to upstream, client: 10.0.0.1, upstream: "http://127.0.0.1:31311/"\n' + BANNER + INVOKING + SERVING,
    "run type providers": "2022-09-21 13:13:50,198 | azureml.core | WARNING | Failure while loading "
    "azureml_run_type_providers. "
    "Failed to load entrypoint automl = azureml.train.automl.run:AutoMLRun with exception (numpy 1.19 (/x), "
    "Requirement.parse("
    "'numpy>=1.20'), {'shap'}).\n",
    "a GPU that is not there": "2025-11-07 W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not "
    "load dynamic "
    "library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file: No such file or "
    "directory\n"
    + BANNER + INVOKING + SERVING,
    "pip's remark after a success": "ERROR: pip's dependency resolver does not currently take into account all the "
    "packages "
    "that are installed.\nxgboost 2.0 requires numpy, which is not installed.\nSuccessfully installed flask-3.1\n",
    "pip that tries again": "WARNING: Retrying (Retry(total=4)) after connection broken by "
    "'NewConnectionError(Temporary failure in "
    "name resolution)': /simple/flask/\nSuccessfully installed flask-3.1\n",
    "conda that tries again": "Solving environment: ...working... failed with initial frozen solve. Retrying with "
    "flexible solve.\n"
    "Solving environment: ...working... done\n",
    "crawlers": BANNER + INVOKING + SERVING + "10.0.0.9 - - \"GET /robots.txt HTTP/1.1\" 404 9\n",
    "an optional import that a script handles": BANNER
    + INVOKING
    + "Traceback (most recent call last):\n"
    '  File "/var/azureml-app/bank/score.py", line 9, in init\n    import shap\n'
    "ModuleNotFoundError: No module named 'shap'\ngoing on without explanations\n" + SERVING,
    "an exception logged as a warning": BANNER
    + INVOKING
    + server("cache could not be warmed\nTraceback (most recent call last):", level="W")
    + '\n  File "/var/azureml-app/bank/score.py", line 9, in init\n    warm()\nTimeoutError: timed out\n' + SERVING,
    "a stop that was asked for": BANNER + INVOKING + SERVING
    + "2025-11-07 07:00:00,000 I [31] gunicorn.error - Handling signal: term\n"
    "2025-11-07 07:00:00,100 I [88] gunicorn.error - Worker exiting (pid: 88)\n"
    "2025-11-07 07:00:00,200 I [31] gunicorn.error - Worker (pid:88) was sent SIGTERM!\n",
    "our worker": "worker 4711 of blue is ready: spend-propensity:1.0.0\n",
}  # fmt: skip

UNKNOWN = (
    "customer index 'north' has another checksum than the manifest: 11aa != 22bb, stopping (E-9)",
    "quota of segment gold is used up, no more offers today",
    "model drift beyond limit 0.4 found in segment north, giving up",
    "capacity table has 429 rows, expected 430",
    "access to lookup north refused by policy 12",
    "rates service answered 'conflict of interest', aborting",
    "license 4711 not found, endpoint stays closed",
    "timeout of campaign 9 has passed",
    "disk 2 of 4 read",
    "could not agree on a leader (137 votes of 408)",
    "Datei der Kundensegmente ist älter als erlaubt, Abbruch",
    "顧客セグメントの検証に失敗しました",
)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_log_without_a_fault_has_no_cause(name: str) -> None:
    assert codes(HARMLESS[name]) == []


@pytest.mark.parametrize("words", UNKNOWN)
def test_an_application_message_that_nobody_knows_is_not_given_a_cause(words: str) -> None:
    log = BANNER + INVOKING + "reading segments\n" + words + "\n" + FAILED_BOOT
    assert codes(log) == []
    assert codes(BANNER + INVOKING + server(words, level="E") + "\n" + FAILED_BOOT) == []


# --- echoes -----------------------------------------------------------------------------------------------


def test_what_follows_from_a_crash_is_not_named_beside_it() -> None:
    assert codes(PROBES + MISSING) == ["missing-package"]
    build = (
        "ERROR: No matching distribution found for scikit-learn==9.9\nfailed\nCondaEnvException: Pip failed\n"
        "The command '/bin/sh -c conda env create' returned a non-zero code: 1\n(ImageBuildFailure) Image build "
        "failed\n"
    )
    assert codes(build) == ["image-build-failed"]


def test_a_worker_killed_after_its_time_ran_out_did_not_run_out_of_memory() -> None:
    log = (
        "[2025-01-01 00:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:12)\n"
        "[2025-01-01 00:00:01 +0000] [7] [ERROR] Worker (pid:12) was sent SIGKILL! Perhaps out of memory?\n"
    )
    assert codes(BANNER + INVOKING + SERVING + log) == ["scoring-timeout"]


def test_a_worker_killed_beside_one_whose_time_ran_out_is_a_cause_of_its_own() -> None:
    log = (
        "[2025-01-01 00:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:12)\n"
        "[2025-01-01 00:00:01 +0000] [7] [ERROR] Worker (pid:99) was sent SIGKILL! Perhaps out of memory?\n"
    )
    assert codes(BANNER + INVOKING + SERVING + log) == ["out-of-memory", "scoring-timeout"]


def test_a_version_warning_far_above_names_the_version_to_pin() -> None:
    warning = (
        "sklearn/base.py:376: InconsistentVersionWarning: Trying to unpickle estimator Ridge from version 0.24.2 "
        "when using "
        "version 1.6.1. This might lead to breaking code.\n"
    )
    log = warning + "noise\n" * 500 + in_init("ModuleNotFoundError: No module named 'sklearn._loss'")
    (cause,) = diagnose(log)
    assert "scikit-learn==0.24.2" in cause.remedy
    assert cause.evidence[1].line == 1


# --- chains of exceptions ---------------------------------------------------------------------------------

DURING = "\n\nDuring handling of the above exception, another exception occurred:\n\n"


def _chain(*raised: str, link: str = DURING) -> str:
    frames = 'Traceback (most recent call last):\n  File "/var/azureml-app/bank/score.py", line 9, in init\n    go()\n'
    return BANNER + INVOKING + link.join(frames + one for one in raised) + "\n"


def test_the_exception_that_was_wrapped_is_the_cause() -> None:
    direct = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    log = _chain(
        "ModuleNotFoundError: No module named 'sklearn.ensemble.bagging'", "RuntimeError: no model", link=direct
    )
    assert codes(log) == ["sklearn-mismatch"]
    (cause,) = diagnose(_chain("KeyError: 'north'", "RuntimeError: no segments", link=direct))
    assert cause.code == "init-failed"
    assert cause.title == "init() raised RuntimeError: no segments, because of KeyError: 'north'"


def test_a_slip_in_the_handler_is_not_the_cause() -> None:
    log = _chain(
        "AttributeError: Can't get attribute 'Ratio' on <module '__main__' from '/x'>",
        "AttributeError: 'AttributeError' object has no attribute 'code'",
    )
    assert codes(log) == ["missing-class"]


def test_what_was_only_tried_is_not_the_cause() -> None:
    tried_the_form = _chain(
        "_pickle.UnpicklingError: invalid load key, '\\x78'.",
        "ModuleNotFoundError: No module named 'sklearn.tree.tree'",
    )
    assert codes(tried_the_form) == ["sklearn-mismatch"]
    tried_the_file = _chain(
        "FileNotFoundError: [Errno 2] No such file or directory: '/var/azureml-app/azureml-models/m/1/a.pkl'",
        "EOFError: Ran out of input",
    )
    assert codes(tried_the_file) == ["model-corrupt"]


def test_an_exception_hidden_in_init_is_named_when_run_stumbles_over_it() -> None:
    hidden = (
        'Traceback (most recent call last):\n  File "/var/azureml-app/bank/score.py", line 9, in init\n    go()\n'
        "ModuleNotFoundError: No module named 'lightgbm'\n"
    )
    log = in_run("NameError: name 'model' is not defined", before=hidden)
    assert codes(log) == ["missing-package", "run-failed"]


def test_an_exception_group_shows_its_inner_exception() -> None:
    log = indented(
        """
        worker 9 of blue is ready: m:1.0.0
          + Exception Group Traceback (most recent call last):
          |   File "/var/app/score.py", line 8, in run
          |     tasks()
          | ExceptionGroup: unhandled errors (1 sub-exception)
          +-+---------------- 1 ----------------
            | Traceback (most recent call last):
            |   File "/var/app/score.py", line 4, in run
            |     return json.dumps(answer)
            | TypeError: Object of type int64 is not JSON serializable
            +------------------------------------
        """
    )
    assert codes(log)[0] == "response-not-json"


# --- several causes ---------------------------------------------------------------------------------------


def test_several_causes_come_in_the_order_in_which_to_mend_them() -> None:
    rows = in_run("ValueError: X has 9 features, but PCA is expecting 8 features as input.")
    assert codes(rows + MISSING) == ["missing-package", "input-invalid"]
    assert codes("(OutOfQuota) no\n" + MISSING + "AADSTS700016: Application not found\n") == [
        "auth-token",
        "quota",
        "missing-package",
    ]


def test_two_missing_packages_are_two_causes_and_a_repeated_one_is_one() -> None:
    other = in_import("ModuleNotFoundError: No module named 'catboost'")
    assert [cause.title.split()[0] for cause in diagnose(MISSING * 4 + other * 3)] == ["lifelines", "catboost"]


def test_containers_of_one_paste_are_kept_apart() -> None:
    first, second = MISSING.splitlines(), in_our_worker("EOFError: Ran out of input").splitlines()
    mixed = []
    for index in range(max(len(first), len(second))):
        mixed += [f"[pod/blue-7f/inference] {line}" for line in first[index : index + 1]]
        mixed += [f"[pod/green-2c/inference] {line}" for line in second[index : index + 1]]
    assert codes("\n".join(mixed)) == ["missing-package", "model-corrupt"]


# --- a log is not always text as it was written -----------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.name}")
def test_the_same_cause_through_every_wrapping(case: object) -> None:
    log = case.log  # type: ignore[attr-defined]
    plain = [(cause.code, cause.title, [e.line for e in cause.evidence]) for cause in diagnose(log)]
    coloured = "\n".join(f"\x1b[31m{line}\x1b[0m" if line else line for line in log.split("\n"))
    for wrapped in (log.replace("\n", "\r\n"), coloured, log.encode("utf-8"), log.encode("utf-16"), json.dumps(log)):
        assert [(cause.code, cause.title, [e.line for e in cause.evidence]) for cause in diagnose(wrapped)] == plain
    lines = log.split("\n")
    stamped = "\n".join(f"2025-11-07T06:40:15.1234567Z {line}" for line in lines)
    docker = "\n".join(
        json.dumps({"log": line + "\n", "stream": "stderr", "time": "2025-11-07T06:40:15Z"}) for line in lines
    )
    for wrapped in (stamped, docker, json.dumps({"content": log}), json.dumps(lines), json.dumps({"value": lines})):
        assert [cause.code for cause in diagnose(wrapped)] == [code for code, _, _ in plain]
    assert [cause.code for cause in explain(lines)] == [code for code, _, _ in plain]


def test_a_json_answer_whose_end_is_cut_off_is_read() -> None:
    assert codes(json.dumps(MISSING)[:-400]) == ["missing-package"]


def test_a_head_that_is_cut_off_in_the_middle_of_a_word_is_read() -> None:
    log = in_init("ModuleNotFoundError: No module named 'sklearn.ensemble.forest'")
    start = log.index("joblib/numpy_pickle.py") + 5
    assert codes(log[start:]) == ["sklearn-mismatch"]
    assert codes(log[log.index("No module named") - 4 :]) == ["sklearn-mismatch"]


def test_a_tail_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    log = in_init("ValueError: node array from the pickle has an incompatible dtype:\n- expected: {}")
    assert codes(log[: log.index("incompatible dtype") + 6]) == ["sklearn-mismatch"]
    assert codes(MISSING[: MISSING.index("No module") + 5]) == ["missing-package"]


def test_lost_indentation_does_not_hide_a_traceback() -> None:
    log = in_init("RuntimeError: segment table is older than the model")
    assert codes("\n".join(line.strip() for line in log.split("\n"))) == ["init-failed"]


def test_a_cause_is_found_in_a_megabyte_of_noise_at_its_line() -> None:
    noise = "".join(
        f"2025-11-07 06:40:15,000 I [88] app - scored {n} rows in {n % 17} ms: {string.ascii_letters}\n"
        for n in range(5000)
    )
    (cause,) = diagnose(noise + MISSING + noise)
    assert cause.code == "missing-package"
    expected = 5000 + MISSING[: MISSING.index("ModuleNotFoundError")].count("\n") + 1
    assert cause.evidence[0].line == expected
    assert "lifelines" in cause.evidence[0].text


def test_bytes_that_are_not_utf8_and_control_characters_do_no_harm() -> None:
    log = b"Gr\xfc\xdfe\xff\x00\x07 aus Z\xfcrich\n" + MISSING.encode() + b"\x1b]0;title\x07\xfe\n"
    (cause,) = diagnose(log)
    assert cause.code == "missing-package"
    hostile = MISSING.replace("No module", "\x1b[2J\x07No\x9b31m module")
    (cause,) = diagnose(hostile)
    assert "\x1b" not in cause.evidence[0].text
    assert "\x07" not in cause.evidence[0].text


def test_text_in_other_languages_around_the_cause_is_no_hindrance() -> None:
    log = "Контейнер запускается…\n容器已启动\n" + MISSING + "Der Container wurde beendet.\n"
    assert codes(log) == ["missing-package"]


def test_evidence_is_short_however_long_the_line() -> None:
    (cause,) = diagnose("x" * 15_000 + " No space left on device " + "y" * 15_000)
    assert cause.code == "disk-full"
    assert len(cause.evidence[0].text) <= 500
