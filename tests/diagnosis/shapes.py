"""The shapes logs come in, around what a test puts into them."""

from __future__ import annotations

import textwrap

SITE = "/opt/envs/bank/lib/python3.10/site-packages"
FOLDER = "/var/azureml-app/azureml-models/spend-propensity/12"


def server(*rest: str, level: str = "I") -> str:
    """One record of azureml-inference-server-http."""
    return "\n".join(f"2025-11-07 06:40:17,512 {level} [88] azmlinfsrv - {line}" for line in rest)


BANNER = f"""\
2025-11-07 06:40:15,020 I [31] gunicorn.error - Starting gunicorn 27.0.1
2025-11-07 06:40:15,021 I [31] gunicorn.error - Listening at: http://0.0.0.0:31311 (31)
2025-11-07 06:40:15,030 I [88] gunicorn.error - Booting worker with pid: 88

Azure ML Inferencing HTTP server v1.5.1

Server Settings
---------------
Entry Script Name: /var/azureml-app/bank/score.py
Model Directory: {FOLDER}
Worker Count: 1
Worker Timeout (seconds): 300
Server Port: 31311

2025-11-07 06:40:16,101 W [88] azmlinfsrv - Found extra keys in the config file that are not supported by the server.
Extra keys = ['podname']
2025-11-07 06:40:16,400 I [88] azmlinfsrv - Starting up app insights client
2025-11-07 06:40:16,900 I [88] azmlinfsrv.user_script - Found user script at /var/azureml-app/bank/score.py
"""

FAILED_BOOT = """\
2025-11-07 06:40:18,000 I [88] gunicorn.error - Worker exiting (pid: 88)
2025-11-07 06:40:18,700 E [31] gunicorn.error - Worker (pid:88) exited with code 3
2025-11-07 06:40:18,702 E [31] gunicorn.error - Shutting down: Master
2025-11-07 06:40:18,702 E [31] gunicorn.error - Reason: Worker failed to boot.
2025-11-07T06:40:18,801000000+00:00 - gunicorn/finish 3 0
2025-11-07T06:40:18,803000000+00:00 - Exit code 3 is not normal. Killing image.
"""

INVOKING = "2025-11-07 06:40:17,000 I [88] azmlinfsrv.user_script - Invoking user's init function\n"
SERVING = """\
2025-11-07 06:40:17,800 I [88] azmlinfsrv.user_script - Users's init has completed successfully
2025-11-07 06:40:17,810 I [88] azmlinfsrv - Worker with pid 88 ready for serving traffic
"""

PROBES = """\
Instance status:
SystemSetup: Succeeded
UserContainerImagePull: Succeeded
ModelDownload: Succeeded
UserContainerStart: InProgress

Container events:
Kind: Pod, Name: Started, Type: Normal, Time: 2025-11-07T06:40:14.000000Z, Message: Started container inference-server
Kind: Pod, Name: ReadinessProbeFailed, Type: Warning, Time: 2025-11-07T06:40:40.000000Z, Message: Readiness probe failed: HTTP probe failed with statuscode: 502

Container logs:
"""  # noqa: E501


def in_init(raised: str, frames: str = "", *, tree: str = "") -> str:
    """A boot that fails in init()."""
    frames = frames or f'  File "{SITE}/joblib/numpy_pickle.py", line 700, in load\n    obj = _unpickle(fobj)\n'
    return (
        PROBES + BANNER + INVOKING + server("User's init function failed", level="E") + "\n"
        + server("Encountered Exception Traceback (most recent call last):", level="E") + "\n"
        + f'  File "{SITE}/azureml_inference_server_http/server/user_script.py", line 117, in invoke_init\n'
        + "    self._user_init()\n"
        + '  File "/var/azureml-app/bank/score.py", line 14, in init\n    pipeline = joblib.load(where)\n'
        + frames + raised.rstrip("\n")
        + "\n\nThe above exception was the direct cause of the following exception:\n\n"
        + "Traceback (most recent call last):\n"
        + f'  File "{SITE}/azureml_inference_server_http/server/user_script.py", line 121, in invoke_init\n'
        + "    raise UserScriptException(ex) from ex\n"
        + "azureml_inference_server_http.server.user_script.UserScriptException: "
        + "Caught an unhandled exception from the user script\n\n"
        + tree + FAILED_BOOT
    )  # fmt: skip


def in_import(raised: str, frames: str = "") -> str:
    """A boot that fails while the score script is imported."""
    frames = frames or '  File "/var/azureml-app/bank/score.py", line 3, in <module>\n    import something\n'
    return (
        BANNER + server("Traceback (most recent call last):", level="E") + "\n"
        + f'  File "{SITE}/azureml_inference_server_http/server/user_script.py", line 77, in load_script\n'
        + "    main_module_spec.loader.exec_module(user_module)\n"
        + frames + raised.rstrip("\n")
        + "\n\nThe above exception was the direct cause of the following exception:\n\n"
        + "azureml_inference_server_http.server.user_script.UserScriptImportException: "
        + "Failed to import user script because it raised an unhandled exception\n\n" + FAILED_BOOT
    )  # fmt: skip


def in_run(raised: str, frames: str = "", *, before: str = "") -> str:
    """A container that serves, and a request on which run() raises."""
    return (
        BANNER + INVOKING + before + SERVING
        + server("Encountered Exception: Traceback (most recent call last):", level="E") + "\n"
        + f'  File "{SITE}/azureml_inference_server_http/server/user_script.py", line 130, in invoke_run\n'
        + "    run_output = self._wrapped_user_run(**run_parameters)\n"
        + '  File "/var/azureml-app/bank/score.py", line 30, in run\n    answer = pipeline.predict_proba(table)\n'
        + frames + raised.rstrip("\n") + "\n\n"
        + "2025-11-07 06:41:02,000 I [88] gunicorn.access - POST /score 500 9.700ms 80\n"
    )  # fmt: skip


def in_our_worker(raised: str, *, running: bool = False, frames: str = "") -> str:
    """The log of a worker of the local backend."""
    where = "/home/ana/.venv/lib/python3.12/site-packages/finbehave/guest"
    if running:
        head = "worker 4711 of blue is ready: spend-propensity:1.0.0\nTraceback (most recent call last):\n"
        calls = (
            f'  File "{where}/answers.py", line 133, in _score\n    predictions, probabilities = '
            f"self._predict(columns)\n"
            f'  File "{where}/model.py", line 46, in predict\n    probabilities = self.pipeline.predict_proba(frame)\n'
        )
    else:
        head = "Traceback (most recent call last):\n"
        calls = (
            f'  File "{where}/worker.py", line 170, in <module>\n    main()\n'
            f'  File "{where}/worker.py", line 45, in main\n    worker.load(arguments.package)\n'
            f'  File "{where}/worker.py", line 78, in load\n    model = Model.open(package)\n'
            f'  File "{where}/model.py", line 33, in open\n    return cls(joblib.load(os.path.join(package)), '
            f"manifest)\n"
        )
    return head + calls + frames + raised.rstrip("\n") + "\n"


def indented(text: str) -> str:
    """A text block without its margin."""
    return textwrap.dedent(text).lstrip("\n")
