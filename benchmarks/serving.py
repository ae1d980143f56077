"""The local endpoint beside what people use instead: one model, one load tool, one after the other, one table.

    python benchmarks/serving.py --package FOLDER [--seconds 8] [--only finbehave,litserve]

FOLDER is a package that ``finbehave train`` wrote. Every server answers rows of JSON with probabilities by that model,
on two cores that also run the load: wrk, closed loop, at 1, 16 and 64 connections with one row, at 4 with a hundred.
finbehave checks keys and schema and keeps its log and metrics; the others do not. Each peer runs in an environment of
the model's own versions, with one OpenMP thread, which serves each of them best. Read the ratios: the machine may have
other work.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from finbehave.environments.isolated import ensure_environment
from finbehave.packaging.package import Package, read_package
from finbehave.settings import load_settings

LOADS = ((1, 1), (16, 1), (64, 1), (4, 100))
"""Connections, and rows in each body."""

COMMON = """
import json, os
import joblib, pandas
MODEL = joblib.load(os.path.join(os.environ["PACKAGE"], "model.joblib"))
with open(os.path.join(os.environ["PACKAGE"], "manifest.json")) as file:
    NAMES = [feature["name"] for feature in json.load(file)["features"]]
def answer(rows):
    return MODEL.predict_proba(pandas.DataFrame(rows, columns=NAMES)).tolist()
"""

FASTAPI = """
import sys
import uvicorn
from fastapi import FastAPI
from model import answer
app = FastAPI()
@app.post("/score")
def score(rows: list[dict]):
    return {"probabilities": answer(rows)}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""

LITSERVE = """
import sys
import litserve
class Api(litserve.LitAPI):
    def setup(self, device):
        from model import answer
        self.answer = answer
    def decode_request(self, request):
        return request["rows"]
    def batch(self, inputs):
        return inputs
    def predict(self, bodies):
        said = iter(self.answer([row for body in bodies for row in body]))
        return [[next(said) for _ in body] for body in bodies]
    def unbatch(self, output):
        return output
    def encode_response(self, output):
        return {"probabilities": output}
if __name__ == "__main__":
    server = litserve.LitServer(
        Api(max_batch_size=64, batch_timeout=0.001, api_path="/score"), accelerator="cpu", workers_per_device=1,
        fast_queue=True,
    )
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, generate_client_file=False
    )
"""

BENTOML = """
import bentoml
from model import answer
@bentoml.service(workers=1, traffic={"timeout": 60, "concurrency": 64})
class Score:
    @bentoml.api(route="/score", batchable=True, max_batch_size=64, max_latency_ms=60000)
    def score(self, rows: list[dict]) -> list[list[float]]:
        return answer(rows)
"""

MLFLOW = """
import os, sys
import mlflow
class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        from model import MODEL, NAMES
        self.model, self.names = MODEL, NAMES
    def predict(self, context, model_input, params=None):
        return self.model.predict_proba(model_input[self.names]).tolist()
if __name__ == "__main__":
    mlflow.pyfunc.save_model("saved", python_model=Model(), pip_requirements=[])
    words = ["mlflow", "models", "serve", "-m", "saved", "--env-manager", "local", "-h", "127.0.0.1", "-p", sys.argv[1]]
    os.execvp(words[0], words)
"""

AZURE = """
import json
from model import answer
def init():
    pass
def run(data):
    return {"probabilities": answer(json.loads(data)["rows"])}
"""


@dataclass(frozen=True)
class Peer:
    """``packages`` beside the model's own; ``command`` gets the port; rows are wrapped under a ``key``, or not."""

    name: str
    packages: tuple[str, ...]
    files: dict[str, str]
    command: tuple[str, ...]
    key: str
    path: str = "/score"


PEERS = (
    Peer("fastapi", ("fastapi", "uvicorn[standard]"), {"serve.py": FASTAPI}, ("python", "serve.py", "PORT"), ""),
    Peer("litserve", ("litserve",), {"serve.py": LITSERVE}, ("python", "serve.py", "PORT"), "rows"),
    Peer(
        "azmlinfsrv", ("azureml-inference-server-http",), {"score.py": AZURE},
        ("azmlinfsrv", "--entry_script", "score.py", "--port", "PORT", "--worker_count", "1"), "rows",
    ),
    Peer(
        "bentoml", ("bentoml",), {"serve.py": BENTOML},
        ("bentoml", "serve", "serve:Score", "--host", "127.0.0.1", "--port", "PORT"), "rows",
    ),
    Peer(
        "mlflow", ("mlflow",), {"serve.py": MLFLOW}, ("python", "serve.py", "PORT"), "dataframe_records",
        path="/invocations",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Of one load: answers a second, milliseconds, and what was no good answer."""

    rate: float
    p50: float
    p99: float
    failed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--only", default="", help="servers, separated by commas")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk, which drives the load, is not installed")
    package = read_package(arguments.package)
    wanted = [name for name in arguments.only.split(",") if name]
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found: dict[str, dict[tuple[int, int], Figures]] = {}
    for name, server in servers(package):
        if wanted and name not in wanted:
            continue
        with server() as (url, headers, key):
            found[name] = {load: drive(url, headers, body(package, load[1], key), load[0], arguments.seconds)
                           for load in LOADS}  # fmt: skip
        print(name, {f"{c}x{r}": vars(figures) for (c, r), figures in found[name].items()}, flush=True)
    show(found)


def servers(package: Package) -> Iterator[tuple[str, object]]:
    """Each server by name, as a context that gives its address, its headers and under which key rows are wrapped."""
    yield "finbehave", lambda: ours(package)
    for peer in PEERS:
        yield peer.name, lambda peer=peer: theirs(peer, package)


def body(package: Package, rows: int, key: str) -> str:
    golden = package.golden.rows
    many = [golden[number % len(golden)] for number in range(rows)]
    return json.dumps({key: many} if key else many)


@contextmanager
def ours(package: Package) -> Iterator[tuple[str, dict[str, str], str]]:
    """The endpoint as ``finbehave deploy`` leaves it."""
    with tempfile.TemporaryDirectory(prefix="finbehave-bench-") as folder:

        def run(*words: str) -> dict[str, object]:
            command = [sys.executable, "-m", "finbehave", *words, "-o", "json", "--workspace", folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            return json.loads(done.stdout)["result"]

        run("register", str(package.path), "--name", "bench")
        started = time.monotonic()
        uri = str(run("deploy", "bench", "--yes")["scoring_uri"])
        print(f"finbehave: {time.monotonic() - started:.1f} s from deploy to the first answer")
        run("register", str(package.path), "--name", "bench", "--version", "2.0.0")
        run("deploy", "bench:2.0.0", "--yes")
        started = time.monotonic()
        seconds = run("rollback", "--yes")["seconds"]
        print(f"finbehave: rollback in {seconds:.2f} s, the whole command in {time.monotonic() - started:.2f} s")
        run("delete", "--deployment", "green", "--yes")
        try:
            yield uri, {"Authorization": f"Bearer {run('keys', 'show')['primary']}"}, ""
        finally:
            run("delete", "--yes")


@contextmanager
def theirs(peer: Peer, package: Package) -> Iterator[tuple[str, dict[str, str], str]]:
    """A peer in the model's environment with its own packages on top."""
    spec = package.environment
    spec = replace(spec, origin=f"{peer.name} beside the model", requirements=(*spec.requirements, *peer.packages))
    settings = load_settings()
    python = ensure_environment(spec, cache=settings.cache).path
    with tempfile.TemporaryDirectory(prefix="finbehave-bench-") as folder:
        for name, text in {**peer.files, "model.py": COMMON}.items():
            (Path(folder) / name).write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [
            str(python.parent / peer.command[0]),
            *(str(port) if word == "PORT" else word for word in peer.command[1:]),
        ]
        environment = {
            **os.environ, "PACKAGE": str(package.path.resolve()), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": folder,
        }  # fmt: skip
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                url = f"http://127.0.0.1:{port}{peer.path}"
                wait(url, body(package, 1, peer.key), process, Path(folder) / "log")
                yield url, {}, peer.key
            finally:
                for one in (*psutil.Process(process.pid).children(recursive=True), process):
                    with suppress(psutil.NoSuchProcess):
                        one.kill()
                process.wait()


def wait(url: str, text: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it gives a good answer."""
    deadline = time.monotonic() + 90
    while True:
        request = urllib.request.Request(url, text.encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert len(re.findall(r"0\.\d+", answer.read().decode())) >= 2
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{url} does not answer ({error}):\n{log.read_text()[-3000:]}")
            time.sleep(0.2)


def drive(url: str, headers: dict[str, str], text: str, connections: int, seconds: int) -> Figures:
    """The median of three runs of wrk."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body.json").write_text(text)
        script = Path(folder) / "post.lua"
        lines = ['wrk.method = "POST"', 'wrk.headers["Content-Type"] = "application/json"']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        lines += [f'local f = io.open("{folder}/body.json"); wrk.body = f:read("*a"); f:close()']
        script.write_text("\n".join(lines))
        runs = [_wrk(script, url, connections, max(1, seconds // 3)) for _ in range(3)]
    return sorted(runs, key=lambda figures: figures.rate)[1]


def _wrk(script: Path, url: str, connections: int, seconds: int) -> Figures:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "30", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    failed = sum(int(found) for found in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    failed += sum(int(found) for line in re.findall(r"Socket errors: (.*)", said) for found in re.findall(r"\d+", line))
    return Figures(rate, _milliseconds(said, "50%"), _milliseconds(said, "99%"), failed)


def _milliseconds(said: str, percent: str) -> float:
    number, unit = re.search(rf"{percent}\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return round(float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit], 2)


def show(found: dict[str, dict[tuple[int, int], Figures]]) -> None:
    """One line for each server; below, how many times the best peer ours does."""
    titles = [f"{connections} conn x {rows} row{'s' * (rows > 1)}" for connections, rows in LOADS]
    print(f"\n{'req/s · p50 · p99 ms':<22}" + "".join(f"{title:>28}" for title in titles))
    for name, cells in found.items():
        shown = [
            f"{one.rate:.0f} · {one.p50:g} · {one.p99:g}" + f" !{one.failed}" * bool(one.failed)
            for one in cells.values()
        ]
        print(f"{name:<22}" + "".join(f"{text:>28}" for text in shown))
    peers = [name for name in found if name != "finbehave"]
    if "finbehave" not in found or not peers:
        return
    for label, chosen in (
        ("times the best peer", peers),
        ("times azmlinfsrv", [name for name in peers if name == "azmlinfsrv"]),
    ):
        if chosen:
            ratios = [found["finbehave"][load].rate / max(found[name][load].rate for name in chosen) for load in LOADS]
            print(f"{label:<22}" + "".join(f"{ratio:>28.1f}" for ratio in ratios))
    print(f"geometric mean of the ratios to the best peer: {statistics.geometric_mean(_ratios(found, peers)):.1f}")


def _ratios(found: dict[str, dict[tuple[int, int], Figures]], peers: list[str]) -> list[float]:
    return [found["finbehave"][load].rate / max(found[name][load].rate for name in peers) for load in LOADS]


if __name__ == "__main__":
    main()
