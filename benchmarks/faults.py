"""What clients of the local endpoint hear when something dies, hangs, fills up, or is changed under full load.

    python benchmarks/faults.py [--package FOLDER] [--only WORDS] [--seconds 6]

FOLDER is a package that ``finbehave train`` wrote; without one a model is trained on the bundled sample. Two colours
with two workers each answer six clients that keep their connections and two that open one for each request, all without
pause, on the machine that also runs them; one fault after the other is brought about. ``failed`` is whatever was no
good answer: ``refused`` are 429 and 503, ``unanswered`` were refused a connection or cut off. ``pause`` is the longest
time in which no client got a good answer, ``longest`` the longest that a request took.

Ends with 1 where a fault cost what it should not. The clock is set back for the processes of the endpoint and the
commands, by libfaketime; without that package the fault is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from live import ENDPOINT, LONGEST_COMMAND, MODEL, Count, Crowd, Live, machine, package_of, workspace

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import DeploymentSpec
from finbehave.environments.guests import run_guest
from finbehave.packaging.package import Package, manifest_from, seal
from finbehave.progress import QUIET
from finbehave.settings import load_settings

WEAK_FROM = 1000
"""A weak model shows it on ages above this: for as many seconds, or half of them."""
STUCK_SECONDS = 20
LOCKED_SECONDS = 3.0
RUSH = 1000
PATIENCE = 60.0
LONGEST_PAUSE = 5.0
"""Seconds without a good answer that a fault may cost which should cost nothing: a batch that a worker does not answer
is given to another one after two."""


@dataclass(frozen=True)
class Line:
    """What one fault cost. ``allowed`` failures are no fault of the endpoint's; None: as many as there are."""

    fault: str
    count: Count
    allowed: int | None

    @property
    def too_much(self) -> bool:
        """More than such a fault may cost."""
        return self.allowed is not None and (
            self.count.failed > self.allowed or (not self.allowed and self.count.gap > LONGEST_PAUSE)
        )


@dataclass
class Stage:
    """The endpoint, who asks it, and what was found so far."""

    live: Live
    crowd: Crowd
    versions: tuple[str, str]
    seconds: float
    found: list[Line] = field(default_factory=list)

    @contextmanager
    def measured(self, fault: str, allowed: int | None = 0) -> Iterator[Count]:
        """Clients ask while the fault is brought about in the block, and some seconds longer."""
        with self.crowd.asking() as count:
            self.wait(1)
            yield count
            self.wait(self.seconds)
        self.add(fault, count, allowed)

    def add(self, fault: str, count: Count, allowed: int | None = 0) -> None:
        """Take down what some clients got."""
        line = Line(fault, count, allowed)
        self.found.append(line)
        print(shown(line), flush=True)

    def wait(self, seconds: float) -> None:
        """Let the clients ask."""
        time.sleep(seconds)

    def settle(self, seconds: float = PATIENCE) -> None:
        """Until one supervisor, one gateway and every worker is there."""
        until(
            "everything that belongs to the endpoint",
            lambda: (
                len(self.live.processes("supervisor")) == len(self.live.processes("gateway")) == 1
                and all(len(self.live.processes("worker", name)) == 2 for name in ("blue", "green"))
            ),
            seconds,
        )
        for name in ("blue", "green"):
            self.live.run("start", "--deployment", name)

    def traffic(self, *split: str) -> None:
        """Change it as an operator does."""
        self.live.run("traffic", "set", *split)


def until(what: str, come: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not come():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: it did not come within {patience:g} s")
        time.sleep(0.1)


# --- the faults ---------------------------------------------------------------------------------------------


def worker_killed(stage: Stage) -> None:
    with stage.measured("a worker killed (SIGKILL)"):
        stage.live.processes("worker", "blue")[0].kill()


def worker_stopped(stage: Stage) -> None:
    worker = stage.live.processes("worker", "blue")[0]
    try:
        with stage.measured("a worker stopped (SIGSTOP)"):
            worker.suspend()
    finally:
        worker.resume()
    with stage.measured("the same, continued (SIGCONT)"):
        pass


def worker_stuck(stage: Stage) -> None:
    _one_slow_row(stage, "waits", f"a row on which the model hangs for {STUCK_SECONDS} s")


def worker_grinding(stage: Stage) -> None:
    _one_slow_row(stage, "grinds", "a row that takes some ten seconds in C code")


def _one_slow_row(stage: Stage, weakness: str, fault: str) -> None:
    """To a deployment that has half of the traffic; its own answer is not counted."""
    live = stage.live
    if "age" not in stage.crowd.row:
        print(f"{fault}: left out, the model has no column age to plant a slow row in")
        return
    _deploy_weak(live, weakness)
    stage.traffic("blue=50", f"{weakness}=50")
    try:
        with stage.measured(fault):
            _ask_once(stage.crowd, weakness, age=WEAK_FROM + STUCK_SECONDS)
    finally:
        stage.traffic("blue=50", "green=50")
        live.run("delete", "--deployment", weakness, "--yes")


def _deploy_weak(live: Live, weakness: str) -> None:
    """Past the gates, which would not let it through."""
    package = live.workspace.parent / weakness
    shutil.copytree(live.workspace.parent / "other", package)
    run_guest(Path(sys.executable), "fragile.py", {"package": str(package), "weakness": weakness, "from": WEAK_FROM})
    _seal(package)
    backend = open_backend(load_settings({"workspace": live.workspace}))
    model = backend.models.register(package, weakness).model
    spec = DeploymentSpec(weakness, str(model.ref), model.digest, "Standard_F4s_v2", 2, None)
    backend.serving.create_deployment(ENDPOINT, spec, QUIET)
    backend.serving.wait_ready(ENDPOINT, weakness, PATIENCE, QUIET)


def _ask_once(crowd: Crowd, deployment: str, **changed: float) -> None:
    """One row to a deployment; a thread waits for what comes."""
    request = crowd.request(close=True, **changed)
    request = request.replace(b"\r\n", f"\r\nazureml-model-deployment: {deployment}\r\n".encode(), 1)
    place = urlsplit(crowd.uri)

    def ask() -> None:
        with socket.create_connection((place.hostname or "", place.port or 80), timeout=PATIENCE) as connection:
            connection.sendall(request)
            connection.recv(1 << 16)

    threading.Thread(target=ask, daemon=True).start()


def supervisor_killed(stage: Stage) -> None:
    before = all_of(stage.live)
    with stage.measured("the supervisor killed (SIGKILL)"):
        stage.live.processes("supervisor")[0].kill()
        until("a succession", lambda: gone(before))


def supervisor_stopped(stage: Stage) -> None:
    """Nobody starts the worker again until the supervisor is succeeded."""
    before = all_of(stage.live)
    with stage.measured("the supervisor stopped (SIGSTOP), a worker killed"):
        stage.live.processes("supervisor")[0].suspend()
        stage.live.processes("worker", "blue")[0].kill()
        until("a succession", lambda: gone(before))


def all_of(live: Live) -> set[int]:
    return {process.pid for kind in ("supervisor", "gateway", "worker") for process in live.processes(kind)}


def gone(pids: set[int]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids)


def gateway_killed(stage: Stage) -> None:
    with stage.measured("the gateway killed (SIGKILL)", allowed=stage.crowd.kept + stage.crowd.fresh):
        stage.live.processes("gateway")[0].kill()


def gateway_stopped(stage: Stage) -> None:
    """It is replaced when it has been silent for ten seconds."""
    gateway = stage.live.processes("gateway")[0]
    with stage.measured("the gateway stopped (SIGSTOP)", allowed=stage.crowd.kept + stage.crowd.fresh):
        gateway.suspend()
        until("another gateway", lambda: not psutil.pid_exists(gateway.pid))


def disk_full(stage: Stage) -> None:
    """Logs and samples go to a device that takes nothing, and a worker has to start that way."""
    live = stage.live
    files = [live.home / "logs" / f"{name}.log" for name in ("supervisor", "gateway", "blue", "green")]
    files += [live.home / "predictions" / f"{name}.jsonl" for name in ("blue", "green")]
    live.run("stop", "--yes")
    for path in files:
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/full")
    live.run("start")
    stage.settle()
    with stage.measured("logs on a full disk, and a worker killed"):
        live.processes("worker", "blue")[0].kill()
    live.run("stop", "--yes")
    for path in files:
        path.unlink()
    live.run("start")


def state_locked(stage: Stage) -> None:
    with stage.measured(f"the SQLite file locked for {LOCKED_SECONDS:g} s by another process"):
        connection = sqlite3.connect(stage.live.home / "endpoint.sqlite", isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        stage.wait(LOCKED_SECONDS)
        connection.execute("ROLLBACK")
        connection.close()


def traffic_changed(stage: Stage) -> None:
    with stage.measured("traffic changed, five times"):
        for share in (10, 50, 90, 0, 50):
            stage.traffic(f"blue={100 - share}", f"green={share}")


def deployed_and_back(stage: Stage) -> None:
    live, (first, second) = stage.live, stage.versions
    stage.traffic("blue=100", "green=0")
    live.run("delete", "--deployment", "green", "--yes")
    with stage.measured("a second version deployed"):
        live.run("deploy", f"{MODEL}:{second}", "--instance-count", "2", "--yes")
    with stage.measured("rolled back"):
        live.run("rollback", "--yes")
    with stage.measured("two deploys at once"):
        both = [live.start("deploy", f"{MODEL}:{one}", "--instance-count", "2", "--yes") for one in (second, second)]
        said = [one.communicate(timeout=PATIENCE)[0] for one in both]
    if 0 not in [one.returncode for one in both]:
        sys.exit("of two deploys at once neither went through: " + "\n".join(said))
    live.run("rollback", "--yes")
    stage.traffic("blue=50", "green=50")
    assert live.run("status")["endpoints"][0]["deployments"][0]["model"] == f"{MODEL}:{first}"


def clock_set_back(stage: Stage) -> None:
    """In the middle of a canary, which goes on; then a rollback and a change of traffic."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        print("the clock set back: left out, libfaketime is not installed")
        return
    live, second = stage.live, stage.versions[1]
    offset = live.workspace.parent / "offset"
    offset.write_text("+0\n")
    shifting = {
        "LD_PRELOAD": str(Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"),
        "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0", "NO_FAKE_STAT": "1",
    }  # fmt: skip
    stage.traffic("blue=100", "green=0")
    live.run("delete", "--deployment", "green", "--yes")
    live.run("stop", "--yes")
    os.environ.update(shifting)
    live.run("start")
    with stage.measured("the clock set back by an hour in a canary"):
        words = ("--strategy", "canary", "--steps", "50,100", "--bake", "3", "--instance-count", "2", "--yes")
        release = live.start("deploy", f"{MODEL}:{second}", *words)
        until("half of the traffic", lambda: live.run("traffic", "show")["traffic"].get("green") == 50)
        offset.write_text("-3600\n")
        said, _ = release.communicate(timeout=LONGEST_COMMAND)
        if release.returncode:
            sys.exit(f"the canary did not go through: {said}")
        live.run("rollback", "--yes")
        stage.traffic("blue=50", "green=50")
    live.run("stop", "--yes")
    for name in shifting:
        del os.environ[name]
    live.run("start")


def key_rotated(stage: Stage) -> None:
    with stage.measured("the key rotated that no client holds"):
        stage.live.run("keys", "rotate", "--key", "secondary", "--yes")


def rushed(stage: Stage) -> None:
    with stage.measured(f"{RUSH} connections at once: the others"):
        rush = stage.crowd.rush(RUSH)
    stage.add(f"{RUSH} connections at once: these", rush)


STARTS_AND_STAYS = """
import subprocess, sys, time
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print("started", flush=True)
time.sleep(600)
"""


def killed_and_started(stage: Stage) -> None:
    """The shell that starts it again stays, as that of a terminal; then the terminal is closed."""
    live = stage.live
    with stage.measured("everything killed, and finbehave start", allowed=None):
        kill_everything(live)
        shell = subprocess.Popen(
            [sys.executable, "-c", STARTS_AND_STAYS, *live.command("start")],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert shell.stdout is not None
        shell.stdout.readline()
    stage.settle()
    with stage.measured("the terminal closed (SIGHUP) that started it"):
        os.killpg(shell.pid, signal.SIGHUP)
        shell.wait()


def kill_everything(live: Live) -> None:
    supervisor = live.processes("supervisor")[0]
    supervisor.suspend()  # so that it starts nothing while the others are killed
    for process in [*live.processes("worker"), *live.processes("gateway"), supervisor]:
        process.kill()


FAULTS: dict[str, Callable[[Stage], None]] = {
    "killed": worker_killed, "stopped": worker_stopped, "stuck": worker_stuck, "grinding": worker_grinding,
    "supervisor": supervisor_killed, "hung": supervisor_stopped, "gateway": gateway_killed, "silent": gateway_stopped,
    "disk": disk_full, "locked": state_locked, "clock": clock_set_back, "traffic": traffic_changed,
    "deploy": deployed_and_back, "key": key_rotated, "rush": rushed, "everything": killed_and_started,
}  # fmt: skip


# --- the run ------------------------------------------------------------------------------------------------


def main() -> int:
    """Print the table; 1 where a fault cost what it should not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--seconds", type=float, default=6, help="of load after each fault")
    parser.add_argument("--only", default="", help=f"of {','.join(FAULTS)}")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",") if arguments.only else list(FAULTS)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * RUSH), hard))
    print(machine())
    with workspace() as live:
        stage = prepared(live, package_of(live, arguments.package), arguments.seconds)
        print(HEAD, flush=True)
        for name in chosen:
            stage.settle()
            FAULTS[name](stage)
    dear = [line for line in stage.found if line.too_much]
    print(f"{len(dear)} of {len(stage.found)} cost what they should not" if dear else "none cost what it should not")
    return int(bool(dear))


def prepared(live: Live, package: Package, seconds: float) -> Stage:
    """Two colours with two workers each and half of the traffic each."""
    other = live.workspace.parent / "other"
    shutil.copytree(package.path, other)
    with (other / "report.html").open("a", encoding="utf-8") as report:
        report.write("<!-- the same model, once more -->\n")
    _seal(other)
    versions = [str(live.run("register", str(one), "--name", MODEL)["version"]) for one in (package.path, other)]
    for version in versions:
        live.run("deploy", f"{MODEL}:{version}", "--instance-count", "2", "--yes")
    crowd = Crowd(live.uri(), str(live.run("keys", "show")["primary"]), package.golden.rows[0])
    stage = Stage(live, crowd, (versions[0], versions[1]), seconds)
    stage.traffic("blue=50", "green=50")
    return stage


def _seal(package: Path) -> None:
    seal(package, manifest_from(json.loads((package / "manifest.json").read_text(encoding="utf-8"))))


HEAD = f"\n{'fault':<52}{'requests':>9}{'failed':>8}{'refused':>9}{'unanswered':>12}{'pause ms':>10}{'longest ms':>12}"


def shown(line: Line) -> str:
    count = line.count
    text = (
        f"{line.fault:<52}{count.requests:>9,}{count.failed:>8}{count.refused.total():>9}"
        f"{count.unanswered.total():>12}{count.gap * 1000:>10,.0f}{count.longest * 1000:>12,.0f}"
    )
    return text + ("  " + count.why if count.failed else "") + "  TOO MUCH" * line.too_much


if __name__ == "__main__":
    raise SystemExit(main())
