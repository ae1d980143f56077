"""A supervisor that dies is succeeded: its gateway answers on, follows what is changed, and hands over."""

from __future__ import annotations

import contextlib
import http.client
import sqlite3
import time
from collections.abc import Iterator

import psutil
import pytest

from finbehave.backends.local.gateway.lifeline import SILENT_TURNS, TURN_SECONDS
from tests.local.live import Live, answers_after, until

EVERYTHING = ("local.supervisor", "local.gateway", "worker.py")


def everything(live: Live) -> set[int]:
    """The pids of what serves it."""
    return {one.pid for words in EVERYTHING for one in live.processes(words)}


def handed_over(live: Live, before: set[int]) -> bool:
    """Whether one supervisor and one gateway are there, and nothing of what was before."""
    alone = len(live.processes("local.supervisor")) == len(live.processes("local.gateway")) == 1
    return alone and not before & {one.pid for one in live.processes("")}


def begin_and_hold_up(live: Live, deployments: tuple[str, ...]) -> list[psutil.Process]:
    """Kill the supervisor, and keep the successor's workers, which are returned, from coming up."""
    before = everything(live)
    live.process("local.supervisor").kill()
    held: list[psutil.Process] = []
    for name in deployments:
        until(f"another worker of {name}", lambda name=name: bool(fresh_workers(live, name, before)))  # type: ignore[misc]
        held += fresh_workers(live, name, before)
        held[-1].suspend()
    return held


def fresh_workers(live: Live, deployment: str, before: set[int]) -> list[psutil.Process]:
    return [one for one in live.processes(f"--deployment {deployment}") if one.pid not in before]


@contextlib.contextmanager
def held_up(live: Live, *deployments: str) -> Iterator[psutil.Process]:
    """A succession that comes to its end only after the block; yields the gateway that was there before."""
    before, gateway = everything(live), live.process("local.gateway")
    held = begin_and_hold_up(live, deployments)
    try:
        yield gateway
    finally:
        for worker in held:
            worker.resume()
    until("the end of those before", lambda: handed_over(live, before))


def test_a_supervisor_that_is_killed_is_succeeded_and_costs_no_answer(live: Live) -> None:
    before = {one.pid for words in ("local.supervisor", "local.gateway", "worker.py") for one in live.processes(words)}
    with live.client().asking() as client:
        answers_after(client)
        live.process("local.supervisor").kill()
        until(
            "a successor with a gateway and a worker of its own, alone",
            lambda: (
                len(live.processes("local.supervisor")) == len(live.processes("local.gateway")) == 1
                and len(live.processes("worker.py")) == 1
                and not before & {one.pid for one in live.processes("")}
            ),
        )
        answers_after(client)
    assert client.failed == []
    assert live.endpoint["state"] == "running"
    assert live.endpoint["scoring_uri"] == live.uri


def test_a_succession_waits_for_every_deployment_that_has_traffic(live: Live) -> None:
    live.program.ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
    live.program.ok("start", "--deployment", "green")
    live.program.ok("traffic", "set", "blue=50", "green=50")
    before = {one.pid for words in ("local.gateway", "worker.py") for one in live.processes(words)}
    gateway = live.process("local.gateway")

    def fresh(words: str) -> list[psutil.Process]:
        return [one for one in live.processes(words) if one.pid not in before]

    with live.client().asking() as client:
        answers_after(client)
        live.process("local.supervisor").kill()
        until("another worker of green", lambda: bool(fresh("--deployment green")))
        fresh("--deployment green")[0].suspend()
        until("another worker of blue", lambda: bool(fresh("--deployment blue")))
        ready = f"worker {fresh('--deployment blue')[0].pid} of blue is ready: late-payers:1.0.0"
        until(ready, lambda: ready in [one["text"] for one in live.program.ok("logs", "--deployment", "blue")["lines"]])
        answered = client.answered["green"]
        until("answers of green", lambda: client.answered["green"] >= answered + 50 or bool(client.failed))
        assert gateway.is_running()
        fresh("--deployment green")[0].resume()
        until("the end of those before", lambda: not before & {one.pid for one in live.processes("")})
        answers_after(client)
    assert client.failed == []
    live.program.ok("start", "--deployment", "blue")
    live.program.ok("traffic", "set", "blue=100")
    live.program.ok("delete", "--deployment", "green", "--yes")
    until("the end of green", lambda: len(live.processes("worker.py")) == 1)


def test_what_is_changed_during_a_succession_is_followed_before_the_command_returns(live: Live) -> None:
    ok, client = live.program.ok, live.client()
    ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
    ok("start", "--deployment", "green")
    ok("traffic", "set", "green=100")
    with held_up(live, "blue", "green") as gateway:
        for colour in ("blue", "green", "blue", "green"):
            ok("traffic", "set", f"{colour}=100")
            assert {client.ask()["deployment"] for _ in range(5)} == {colour}
        assert ok("rollback", "--yes")["traffic"] == {"blue": 100}
        assert {client.ask()["deployment"] for _ in range(5)} == {"blue"}
        fresh_key = ok("keys", "rotate", "--key", "primary", "--yes")["primary"]
        with pytest.raises(http.client.HTTPException, match="401"):
            client.ask()
        client.key = fresh_key
        assert client.ask()["deployment"] == "blue"
        assert gateway.is_running()
    assert client.ask()["deployment"] == "blue"
    ok("delete", "--deployment", "green", "--yes")
    until("the end of green", lambda: len(live.processes("worker.py")) == 1)


def test_a_deploy_during_a_succession_goes_through(live: Live) -> None:
    with live.client().asking() as client, held_up(live, "blue"):
        deployed = live.program.ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
        assert deployed["deployment"] == "green"
        live.program.ok("deploy", "late-payers", "--deployment", "green")
        until("answers of green", lambda: client.answered["green"] >= 20)
    assert client.failed == []
    live.program.ok("start", "--deployment", "blue")
    live.program.ok("traffic", "set", "blue=100")
    live.program.ok("delete", "--deployment", "green", "--yes")
    until("the end of green", lambda: len(live.processes("worker.py")) == 1)


def test_a_stop_during_a_succession_ends_everything(live: Live) -> None:
    begin_and_hold_up(live, ("blue",))
    live.program.ok("stop", "--yes")
    assert live.processes("local.gateway") == []
    assert live.endpoint["state"] == "stopped"
    until("the end of the workers", lambda: live.processes("") == [])
    live.program.ok("start")
    assert live.client().ask()["deployment"] == "blue"


def test_a_successor_that_is_killed_as_well_leaves_nobody_behind(live: Live) -> None:
    before = everything(live)
    with live.client().asking() as client:
        answers_after(client)
        live.process("local.supervisor").kill()
        until("the gateway of a successor", lambda: len(live.processes("local.gateway")) == 2)
        before |= everything(live)
        live.process("local.supervisor").kill()
        until("the end of those before", lambda: handed_over(live, before))
        answers_after(client)
    assert client.failed == []


def test_a_successor_that_cannot_be_started_is_tried_again(live: Live) -> None:
    before, lock = everything(live), live.home / "supervisor.lock"
    with live.client().asking() as client:
        aside = lock.rename(lock.with_suffix(".aside"))
        lock.mkdir()  # it cannot even be looked at whether a supervisor is alive
        live.process("local.supervisor").kill()
        log = live.home / "logs" / "gateway.log"
        until("a failed start", lambda: "no supervisor can be started now" in log.read_text())
        answers_after(client)
        lock.rmdir()
        aside.rename(lock)
        until("the end of those before", lambda: handed_over(live, before))
        answers_after(client)
    assert client.failed == []


def test_a_state_that_cannot_be_read_for_a_while_ends_nobody_and_is_followed_again(live: Live) -> None:
    before = everything(live)

    def written_by(version: int) -> None:
        with contextlib.closing(sqlite3.connect(live.home / "endpoint.sqlite")) as connection:
            connection.execute(f"PRAGMA user_version = {version}")

    with live.client().asking() as client:
        (good,) = sqlite3.connect(live.home / "endpoint.sqlite").execute("PRAGMA user_version").fetchone()
        written_by(good + 1)
        for name in ("supervisor", "gateway"):
            log = live.home / "logs" / f"{name}.log"
            until(f"words of the {name}", lambda log=log: "the state is read later: " in log.read_text())  # type: ignore[misc]
        answers_after(client)
        written_by(good)
        rotated = live.program.ok("keys", "rotate", "--key", "secondary", "--yes")["secondary"]
        answers_after(client)
    assert client.failed == []
    other = live.client()
    other.key = rotated
    assert other.ask()["deployment"] == "blue"
    assert everything(live) == before


def test_a_supervisor_that_does_not_move_is_succeeded_and_what_died_meanwhile_costs_no_answer(live: Live) -> None:
    before = everything(live)
    with live.client().asking() as client:
        answers_after(client)
        live.process("local.supervisor").suspend()
        live.process("worker.py").kill()
        until("the end of those before", lambda: handed_over(live, before))
        answers_after(client)
    assert client.failed == []
    assert "the supervisor has said nothing for" in (live.home / "logs" / "gateway.log").read_text()


def test_an_endpoint_that_was_stopped_as_a_whole_goes_on_as_it_was(live: Live) -> None:
    """As on a machine that sleeps, or whose container is paused, for longer than any of them may be silent."""
    before = everything(live)
    stopped = [one for words in ("local.gateway", "worker.py", "local.supervisor") for one in live.processes(words)]
    with live.client().asking() as client:
        answers_after(client)
        for process in stopped:
            process.suspend()
        awake = time.monotonic() + SILENT_TURNS * TURN_SECONDS + 2
        until("its awakening", lambda: time.monotonic() > awake)
        for process in reversed(stopped):
            process.resume()
        answers_after(client, 100)
    assert client.failed == []
    assert everything(live) == before


def test_a_gateway_that_hangs_without_a_supervisor_keeps_no_successor_from_its_port(live: Live) -> None:
    before = everything(live)
    live.process("local.gateway").suspend()
    live.process("local.supervisor").kill()
    until("its death", lambda: live.endpoint["state"] == "dead")
    assert live.program.ok("start")["state"] == "running"
    assert live.client().ask()["deployment"] == "blue"
    until("the end of those before", lambda: handed_over(live, before))
