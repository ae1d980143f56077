"""What dies, and what a client hears of it: nothing, where somebody was left to answer."""

from __future__ import annotations

import json
import os
import pty
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from finbehave.backends.local.paths import runtimes_beside
from finbehave.backends.local.state import State
from tests.conftest import Finbehave
from tests.local.live import PATIENCE, Live, answers_after, until


def test_a_worker_that_is_killed_costs_no_answer(live: Live) -> None:
    with live.client().asking() as client:
        answers_after(client)
        worker = live.process("worker.py")
        worker.kill()
        until("another worker", lambda: worker.pid not in [one.pid for one in live.processes("worker.py")])
        answers_after(client)
    assert client.failed == []
    texts = [line["text"] for line in live.program.ok("logs", "--deployment", "blue")["lines"]]
    assert f"worker {worker.pid} of blue was killed by signal 9 (SIGKILL)" in texts
    assert live.endpoint["state"] == "running"


def test_a_gateway_that_is_killed_is_replaced_behind_the_same_port(live: Live) -> None:
    gateway = live.process("local.gateway")
    gateway.kill()
    client = live.client()
    until("another gateway", lambda: gateway.pid not in [one.pid for one in live.processes("local.gateway")])
    assert client.ask()["deployment"] == "blue"


def test_a_gateway_that_does_not_move_is_replaced(live: Live) -> None:
    gateway = live.process("local.gateway")
    gateway.suspend()
    until("another gateway", lambda: gateway.pid not in [one.pid for one in live.processes("local.gateway")])
    assert live.client().ask()["deployment"] == "blue"


def test_a_gateway_that_does_not_move_from_its_start_is_replaced(live: Live) -> None:
    killed = live.process("local.gateway")
    killed.kill()
    until("another gateway", lambda: [one.pid for one in live.processes("local.gateway")] not in ([], [killed.pid]))
    gateway = live.process("local.gateway")
    gateway.suspend()
    until("a third gateway", lambda: gateway.pid not in [one.pid for one in live.processes("local.gateway")])
    assert live.client().ask()["deployment"] == "blue"


def test_a_worker_that_does_not_move_is_replaced_while_others_wait_and_costs_no_answer(live: Live) -> None:
    worker = live.process("worker.py")
    with live.client().asking() as client, live.client().asking() as second, live.client().asking() as third:
        for one in (client, second, third):
            answers_after(one)
        worker.suspend()
        until("another worker", lambda: worker.pid not in [one.pid for one in live.processes("worker.py")])
        for one in (client, second, third):
            answers_after(one)
    assert client.failed + second.failed + third.failed == []


def test_a_machine_that_has_started_anew_is_dead_and_start_brings_it_back(live: Live) -> None:
    everything = live.processes("local.supervisor")
    everything[0].suspend()  # so that it starts nothing while the others are killed one after the other
    everything += live.processes("local.gateway") + live.processes("worker.py")
    for process in reversed(everything):
        process.kill()
    with State(live.home) as state:
        for folder in runtimes_beside(state.endpoint().runtime):
            shutil.rmtree(folder)  # temporary files are gone as well
    until("the lock to be free", lambda: live.endpoint["state"] == "dead")
    refused = live.program("invoke", "--data", json.dumps(live.row), "-o", "json")
    assert (refused.code, refused.error["code"]) == (9, "unavailable"), str(refused)
    assert "finbehave start" in refused.error["remedy"]
    started = live.program.ok("start")
    assert (started["state"], started["traffic"], started["scoring_uri"]) == ("running", {"blue": 100}, live.uri)
    assert live.client().ask()["deployment"] == "blue"


def test_stop_ends_every_process_and_start_brings_the_same_back(live: Live) -> None:
    live.program.ok("stop", "--yes")
    assert live.processes("") == []
    assert live.endpoint["state"] == "stopped"
    assert live.program.ok("start")["traffic"] == {"blue": 100}
    assert live.client().ask()["model"] == "late-payers:1.0.0"


def test_a_systemd_unit_stops_and_starts_it(live: Live, tmp_path: Path) -> None:
    unit = tmp_path / "finbehave-test.service"
    unit.write_text(live.program("start", "--unit").out)
    assert live.program.ok("start", "--unit")["text"] == unit.read_text()
    if analyze := shutil.which("systemd-analyze"):
        checked = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
    commands = dict(line.split("=", 1) for line in unit.read_text().splitlines() if line.startswith("Exec"))
    for name, state in (("ExecStop", "stopped"), ("ExecStart", "running")):
        subprocess.run(shlex.split(commands[name]), check=True, capture_output=True, timeout=PATIENCE)
        assert live.program.ok("status")["endpoints"][0]["state"] == state


IN_A_TERMINAL = """
import fcntl, pathlib, subprocess, sys, termios, time
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
pathlib.Path(sys.argv[1]).write_text(str(done.returncode))
time.sleep(600)
"""


def test_it_outlives_the_terminal_that_started_it(finbehave: Finbehave, package: Path, tmp_path: Path) -> None:
    finbehave.ok("register", str(package))
    terminal, inside = pty.openpty()
    deploy = [sys.executable, "-m", "finbehave", "deploy", "late-payers", "--yes"]
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, str(tmp_path / "done"), *deploy],
        stdin=inside, env=finbehave.environment(), cwd=finbehave.folder, start_new_session=True,
    ) as shell:  # fmt: skip
        os.close(inside)
        until("the end of the deploy", lambda: (tmp_path / "done").exists() and bool((tmp_path / "done").read_text()))
        assert (tmp_path / "done").read_text() == "0"
        os.close(terminal)
        assert shell.wait(PATIENCE) == -signal.SIGHUP
    assert finbehave.ok("status")["endpoints"][0]["state"] == "running"


def test_it_listens_on_the_address_that_is_named_and_on_no_other_machines(finbehave: Finbehave, package: Path) -> None:
    finbehave.ok("register", str(package))
    refused = finbehave("deploy", "late-payers", "--host", "203.0.113.7", "-o", "json")
    assert (refused.code, "--host" in refused.error["remedy"]) == (2, True), str(refused)
    assert finbehave.ok("status")["endpoints"] == []
    assert finbehave.ok("deploy", "late-payers", "--host", "127.0.0.2")["scoring_uri"].startswith("http://127.0.0.2:")


@pytest.fixture
def other_listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_said_and_nothing_is_left(
    finbehave: Finbehave, package: Path, other_listener: int
) -> None:
    finbehave.ok("register", str(package))
    refused = finbehave("deploy", "late-payers", "--port", str(other_listener), "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "port-taken"), str(refused)
    assert finbehave.ok("status")["endpoints"] == []


def test_a_state_that_is_locked_for_a_while_holds_up_no_request(live: Live) -> None:
    with live.client().asking() as client:
        connection = sqlite3.connect(live.home / "endpoint.sqlite", isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        answers_after(client, 50)
        connection.execute("ROLLBACK")
        connection.close()
    assert client.failed == []


def test_a_state_that_is_locked_for_long_while_a_deployment_comes_up_takes_nobody_down(live: Live) -> None:
    supervisor = live.process("local.supervisor").pid
    deploy = live.program.start("deploy", "late-payers", "--deployment", "green", "--no-wait", "-o", "json")
    until("a worker of green", lambda: bool(live.processes("--deployment green")))
    (worker,) = live.processes("--deployment green")
    worker.suspend()
    deploy.communicate(timeout=PATIENCE)
    with live.client().asking() as client:
        connection = sqlite3.connect(live.home / "endpoint.sqlite", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        worker.resume()
        late = "that green is ready is written down later"
        until(late, lambda: late in (live.home / "logs" / "green.log").read_text())
        answers_after(client)
        connection.execute("ROLLBACK")
        connection.close()
        live.program.ok("start", "--deployment", "green")
    assert client.failed == []
    assert live.process("local.supervisor").pid == supervisor
    live.program.ok("delete", "--deployment", "green", "--yes")


def test_a_deployment_whose_interpreter_is_gone_takes_nobody_down(live: Live) -> None:
    live.program.ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
    live.program.ok("start", "--deployment", "green")
    live.program.ok("stop", "--yes")
    with sqlite3.connect(live.home / "endpoint.sqlite") as connection:
        connection.execute("UPDATE deployment SET interpreter = '/gone/bin/python' WHERE name = 'green'")
    live.program.ok("start")
    cannot = "worker 0 of green cannot be started: "
    until(cannot, lambda: cannot in (live.home / "logs" / "green.log").read_text())
    with live.client().asking() as client:
        answers_after(client)
    assert client.failed == []
    live.program.ok("delete", "--deployment", "green", "--yes")


def test_a_log_that_cannot_be_opened_keeps_no_worker_from_starting(live: Live) -> None:
    log = live.home / "logs" / "blue.log"
    log.unlink()
    log.mkdir()
    supervisor, worker = live.process("local.supervisor").pid, live.process("worker.py")
    with live.client().asking() as client:
        answers_after(client)
        worker.kill()
        until("another worker", lambda: worker.pid not in [one.pid for one in live.processes("worker.py")])
        answers_after(client)
    assert client.failed == []
    assert live.process("local.supervisor").pid == supervisor
    log.rmdir()


def test_a_stopped_worker_does_not_hold_what_another_could_answer(live: Live) -> None:
    live.program.ok("deploy", "late-payers", "--instance-count", "2")
    until("two workers", lambda: len(live.processes("worker.py")) >= 2)
    frozen = live.processes("--deployment green")[0]
    with live.client().asking() as client:
        answers_after(client)
        frozen.suspend()
        answers_after(client, 50)
        frozen.resume()
    assert client.failed == []
    live.program.ok("rollback", "--yes")
    live.program.ok("delete", "--deployment", "green", "--yes")


def test_two_endpoints_do_not_share_a_port(finbehave: Finbehave, package: Path) -> None:
    finbehave.ok("register", str(package))
    uri = finbehave.ok("deploy", "late-payers")["scoring_uri"]
    port = uri.rsplit(":", 1)[1].removesuffix("/score")
    refused = finbehave("deploy", "late-payers", "--endpoint", "other-ep", "--port", port, "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "port-taken"), str(refused)


def test_a_log_on_a_full_disk_costs_no_answer(live: Live) -> None:
    """/dev/full takes nothing, as a disk without space does."""
    live.program.ok("stop", "--yes")
    for name in ("gateway", "blue"):
        log = live.home / "logs" / f"{name}.log"
        log.unlink(missing_ok=True)
        log.symlink_to("/dev/full")
    live.program.ok("start")
    with live.client().asking() as client:
        answers_after(client, 50)
    assert client.failed == []
    live.program.ok("stop", "--yes")
    for name in ("gateway", "blue"):
        (live.home / "logs" / f"{name}.log").unlink()
    live.program.ok("start")


def test_a_second_start_changes_nothing(live: Live) -> None:
    supervisor = live.process("local.supervisor").pid
    running = [
        live.program.start("start", "-o", "json"),
        live.program.start("status", "-o", "json"),
    ]
    for process in running:
        assert isinstance(process, subprocess.Popen)
        process.communicate(timeout=PATIENCE)
    assert live.process("local.supervisor").pid == supervisor
