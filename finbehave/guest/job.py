"""Run a fit on a machine where no host is beside it: ``python job.py ASKED MADE``.

``ASKED`` is a folder with ``request.json``, as ``protocol`` describes it, and ``rows.npz``. ``MADE`` gets
``model.joblib`` and then ``response.json``. What the fit prints, its events too, is the log of the job. The script ends
with the status of the fit. Standard library only; Python 3.8 and later.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile

MODEL, RESPONSE = "model.joblib", "response.json"


def run(asked: str, made: str) -> int:
    """One fit, in a process of its own whose lifeline is held here; its status, as a shell counts it."""
    with open(os.path.join(asked, "request.json"), encoding="utf-8") as file:
        envelope = json.load(file)
    with tempfile.TemporaryDirectory(prefix="finbehave-") as folder:
        envelope["request"]["arrays"] = os.path.abspath(os.path.join(asked, "rows.npz"))
        envelope["request"]["model"] = os.path.join(folder, MODEL)
        with open(os.path.join(folder, "request.json"), "w", encoding="utf-8") as file:
            json.dump(envelope, file)
        status = _fit(folder)
        for name in (MODEL, RESPONSE):
            if os.path.exists(os.path.join(folder, name)):
                shutil.copyfile(os.path.join(folder, name), os.path.join(made, name))
    if status < 0:
        print(f"fit.py was killed by signal {-status}", file=sys.stderr)
        return 128 - status
    return status


def _fit(folder: str) -> int:
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fit.py")
    events, told = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-s", "-E", script, "request.json", RESPONSE, str(told)],
        cwd=folder,
        stdin=subprocess.PIPE,
        pass_fds=(told,),
    )
    os.close(told)
    with os.fdopen(events, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            print(line, end="", flush=True)
    return process.wait()


if __name__ == "__main__":
    raise SystemExit(run(*sys.argv[1:3]))
