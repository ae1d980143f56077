"""The entry script of a managed online endpoint: ``init`` loads the package once, ``run`` answers a body.

Uploaded to Azure as one flat folder with ``answers.py``, ``model.py`` and ``frames.py``; the same answers, byte
for byte, as the local endpoint's. Python 3.8 and later.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_scorer: Any = None


def init() -> None:
    """Find the package under ``AZUREML_MODEL_DIR``, load it and let it answer its golden rows."""
    global _scorer
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from answers import Scorer
    from model import Model, limit_threads

    limit_threads()
    root = os.environ["AZUREML_MODEL_DIR"]
    package = find_package(root)
    model = Model.open(package)
    with open(os.path.join(package, "golden.json"), encoding="utf-8") as file:
        golden = json.load(file)["rows"]
    deployment = os.environ.get("FINBEHAVE_DEPLOYMENT", "")
    _scorer = Scorer(model, model_name(root, model.manifest), deployment, golden)


def run(raw_data: Any) -> Any:
    """Answer a raw JSON body, with the status that the contract gives a refused one."""
    raw = raw_data.encode("utf-8", "surrogatepass") if isinstance(raw_data, str) else raw_data
    return _response(_scorer.answer([raw])[0])


def find_package(root: str) -> str:
    """The folder at or below ``root`` that holds a manifest, the nearest first.

    The platform mounts a model under a folder of its own making, which is not the same from one way of deploying to the
    next. Raises FileNotFoundError with what there is instead.
    """
    seen = []
    level = [root]
    while level:
        below: list[str] = []
        for folder in level:
            names = sorted(os.listdir(folder))
            if "manifest.json" in names:
                return folder
            seen += [os.path.relpath(os.path.join(folder, name), root) for name in names]
            below += [path for path in (os.path.join(folder, name) for name in names) if os.path.isdir(path)]
        level = below
    raise FileNotFoundError(f"no manifest.json at or below {root}, which holds: {', '.join(seen[:50]) or 'nothing'}")


def model_name(root: str, manifest: Any) -> str:
    """``name:version`` as the registry calls the model: the last two folders of its mount, else the manifest's own."""
    parts = os.path.normpath(root).split(os.sep)
    if len(parts) >= 3 and parts[-3] == "azureml-models":
        return f"{parts[-2]}:{parts[-1]}"
    return f"{manifest['name']}:{manifest['version']}"


def _response(answer: Any) -> Any:
    """With its status where the inference server allows for one; older servers say 200 to everything."""
    try:
        from azureml_inference_server_http.api.aml_response import AMLResponse
    except ImportError:
        return json.loads(answer.body)
    headers = {"Content-Type": "application/json", "Server-Timing": f"model;dur={answer.micros / 1000:.3f}"}
    return AMLResponse(answer.body, answer.status, headers)
