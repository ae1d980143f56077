"""How waiting requests are gathered, and what becomes of them when a worker dies or does not move.

The workers here speak the real protocol over real sockets, and do what a test tells them to.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from finbehave.backends.local.gateway.link import PROTOCOL, Answer
from finbehave.backends.local.gateway.patience import HOPELESS_SECONDS, HOPELESS_TIMES, STALLED_SECONDS
from finbehave.backends.local.gateway.pool import Pool, Refused
from finbehave.backends.local.gateway.waiting import (
    BATCH_BODIES,
    BATCH_BYTES,
    BESIDE_SMALL_BYTES,
    LARGE_BYTES,
    WAITING_BODIES,
    WAITING_BYTES,
    Job,
)
from finbehave.guest.worker import pack, unpack

PATIENCE = 30.0
MODEL, NAME = "late-payers:1.0.0", "blue"
PIDS = itertools.count(1 << 22)  # more than any process has


class Worker:
    """Takes batches and says nothing until it is told to."""

    def __init__(self, path: Path, model: str = MODEL, pid: int | None = None, protocol: int = PROTOCOL) -> None:
        self.path = path
        self.pid = pid or next(PIDS)
        self._protocol = protocol
        self._model = model
        self._batches: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self.let_go = asyncio.Event()

    async def listen(self) -> Worker:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        hello = {"protocol": self._protocol, "pid": self.pid, "model": self._model, "deployment": NAME}
        self._send(json.dumps(hello).encode())
        try:
            while True:
                (length,) = struct.unpack(">I", await reader.readexactly(4))
                self._batches.put_nowait(unpack(await reader.readexactly(length))[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            self.let_go.set()
        finally:
            writer.close()

    def _send(self, payload: bytes) -> None:
        assert self._writer is not None
        self._writer.write(struct.pack(">I", len(payload)) + payload)

    async def taken(self) -> list[bytes]:
        """The next batch."""
        return await asyncio.wait_for(self._batches.get(), PATIENCE)

    @property
    def nothing_taken(self) -> bool:
        return self._batches.empty()

    def answer(self, bodies: Sequence[bytes]) -> None:
        """Each body comes back as its own answer."""
        self._send(pack([Answer(200, body, 1, b"") for body in bodies]))

    def end(self) -> None:
        """Nobody is there any more."""
        self._server.close()
        self.path.unlink(missing_ok=True)
        self.die()

    def die(self) -> None:
        """The connection breaks; whoever comes again finds a worker that has started anew."""
        assert self._writer is not None
        self._writer.transport.abort()


async def until(come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def ask(pool: Pool, body: bytes, seconds: float = PATIENCE) -> asyncio.Future[Answer]:
    job = Job(body, time.monotonic() + seconds, False, asyncio.get_running_loop().create_future())
    pool.submit(job)
    return job.future


async def outcome(future: asyncio.Future[Answer]) -> tuple[int, bytes | str]:
    """Status, and the body or the code of the refusal."""
    try:
        answer = await asyncio.wait_for(future, PATIENCE)
    except Refused as refused:
        return refused.status, refused.code
    return answer.status, answer.body


def with_workers(
    count: int, story: Callable[..., Awaitable[None]], grace: float = PATIENCE, pid: int | None = None
) -> None:
    """Run a story with a pool and so many workers, all of them ready; ``pid`` is what they say they are."""

    async def run(folder: Path) -> None:
        workers = [await Worker(folder / str(number), pid=pid).listen() for number in range(count)]
        pool = Pool(NAME, MODEL, grace=grace)
        pool.follow([str(worker.path) for worker in workers])
        await until(lambda: None not in pool.workers.values())
        await story(pool, *workers)
        pool.retire()

    with tempfile.TemporaryDirectory() as folder:  # pytest's own are too long for a socket
        asyncio.run(run(Path(folder)))


def test_an_idle_worker_gets_a_request_at_once_and_then_whatever_came_meanwhile() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        first = ask(pool, b"1")
        assert await worker.taken() == [b"1"]
        more = [ask(pool, body) for body in (b"2", b"3", b"4")]
        assert worker.nothing_taken
        worker.answer([b"1"])
        assert await outcome(first) == (200, b"1")
        assert await worker.taken() == [b"2", b"3", b"4"]
        worker.answer([b"2", b"3", b"4"])
        assert [await outcome(one) for one in more] == [(200, b"2"), (200, b"3"), (200, b"4")]

    with_workers(1, story)


def test_everyone_gets_the_answer_to_his_own_request() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        async def work(worker: Worker) -> None:
            while True:
                worker.answer(await worker.taken())

        at_work = [asyncio.create_task(work(worker)) for worker in workers]
        bodies = [b"%d" % number for number in range(1500)]
        futures = [ask(pool, body) for body in bodies]
        assert [await outcome(one) for one in futures] == [(200, body) for body in bodies]
        assert pool.drained
        for task in at_work:
            task.cancel()

    with_workers(2, story)


def test_a_batch_is_bounded_in_number_and_in_bytes() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        for number in range(BATCH_BODIES + 5):
            ask(pool, b"%d" % number)
        many = await worker.taken()
        assert len(many) == BATCH_BODIES
        worker.answer(many)
        rest = await worker.taken()
        assert len(rest) == 5
        long = [b"x" * (LARGE_BYTES - number) for number in range(BATCH_BYTES // LARGE_BYTES + 1)]
        for body in long:
            ask(pool, body)
        worker.answer(rest)
        most = await worker.taken()
        assert BATCH_BYTES - LARGE_BYTES < sum(map(len, most)) <= BATCH_BYTES
        worker.answer(most)
        assert [*most, *await worker.taken()] == long

    with_workers(1, story)


def test_what_a_worker_had_when_it_died_is_answered_by_the_next_one_by_one() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        futures = [ask(pool, body) for body in (b"1", b"2")]
        assert await worker.taken() == [b"1", b"2"]
        worker.die()
        for body in (b"1", b"2"):
            assert await worker.taken() == [body]
            worker.answer([body])
        assert [await outcome(one) for one in futures] == [(200, b"1"), (200, b"2")]
        assert pool.metrics.retried == 2

    with_workers(1, story)


def test_a_request_that_kills_its_worker_fails_alone() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        seen = []

        async def work() -> None:
            while True:
                bodies = await worker.taken()
                seen.append(bodies)
                if b"poison" in bodies:
                    worker.die()
                else:
                    worker.answer(bodies)

        at_work = asyncio.create_task(work())
        futures = [ask(pool, body) for body in (b"1", b"poison", b"2")]
        outcomes = [await outcome(one) for one in futures]
        assert outcomes == [(200, b"1"), (500, "run-failed"), (200, b"2")]
        assert seen == [[b"1", b"poison", b"2"], [b"1"], [b"poison"], [b"2"]]
        assert await outcome(ask(pool, b"3")) == (200, b"3")
        at_work.cancel()

    with_workers(1, story)


def test_a_worker_that_does_not_move_loses_its_requests_to_another() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        future = ask(pool, b"1")
        await until(lambda: not all(worker.nothing_taken for worker in workers))
        stuck, other = sorted(workers, key=lambda worker: worker.nothing_taken)
        assert await stuck.taken() == [b"1"]
        pool.look_after(time.monotonic())
        assert other.nothing_taken
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert await other.taken() == [b"1"]
        other.answer([b"1"])
        assert await outcome(future) == (200, b"1")
        assert list(pool.stuck(time.monotonic() + HOPELESS_SECONDS)) == [stuck.pid]
        stuck.answer([b"late"])  # it wakes up; nobody waits for that any more
        await until(lambda: not pool.stuck(time.monotonic() + HOPELESS_SECONDS))
        again = ask(pool, b"2")
        await until(lambda: not all(worker.nothing_taken for worker in workers))
        worker = other if stuck.nothing_taken else stuck
        worker.answer(await worker.taken())
        assert await outcome(again) == (200, b"2")

    with_workers(2, story)


async def given(pool: Pool, body: bytes, workers: Sequence[Worker]) -> tuple[Worker, asyncio.Future[Answer]]:
    """The worker that took a request, of those that had nothing."""
    future = ask(pool, body)
    await until(lambda: not all(worker.nothing_taken for worker in workers))
    (taker,) = [worker for worker in workers if not worker.nothing_taken]
    assert await taker.taken() == [body]
    return taker, future


def test_a_worker_that_is_busy_takes_what_a_stuck_one_had_before_anything_else() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        stuck, first = await given(pool, b"1", workers)
        between = time.monotonic()
        other, second = await given(pool, b"2", workers)
        third = ask(pool, b"3")
        pool.look_after(between + STALLED_SECONDS)
        other.answer([b"2"])
        assert await other.taken() == [b"1"]
        other.answer([b"1"])
        assert await other.taken() == [b"3"]
        other.answer([b"3"])
        assert [await outcome(one) for one in (first, second, third)] == [(200, b"1"), (200, b"2"), (200, b"3")]
        assert stuck.nothing_taken

    with_workers(2, story)


def test_a_request_that_gets_every_worker_stuck_fails_alone_and_they_are_replaced() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        first, poison = await given(pool, b"poison", workers)
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        (second,) = [worker for worker in workers if worker is not first]
        assert await second.taken() == [b"poison"]
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert not pool.stuck(time.monotonic())  # nobody waits: it may take its time
        other = ask(pool, b"1")
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert await outcome(poison) == (504, "scoring-timeout")
        assert pool.stuck(time.monotonic()).keys() == {first.pid, second.pid}
        first.die()
        assert await first.taken() == [b"1"]
        first.answer([b"1"])
        assert await outcome(other) == (200, b"1")

    with_workers(2, story)


def test_an_only_worker_that_does_not_move_is_replaced_when_others_have_waited_long() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        _, poison = await given(pool, b"poison", [worker])
        other = ask(pool, b"1")
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert not pool.stuck(time.monotonic())
        pool.look_after(time.monotonic() + HOPELESS_TIMES * STALLED_SECONDS)
        assert pool.stuck(time.monotonic()).keys() == {worker.pid}
        worker.die()
        assert await worker.taken() == [b"poison"]
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert await outcome(poison) == (504, "scoring-timeout")
        worker.die()
        assert await worker.taken() == [b"1"]
        worker.answer([b"1"])
        assert await outcome(other) == (200, b"1")

    with_workers(1, story)


def test_a_model_that_takes_as_long_as_it_always_does_is_not_taken_for_stuck() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        worker, short = await given(pool, b"1", workers)
        worker.answer([b"1"])
        assert await outcome(short) == (200, b"1")
        long = b"x" * (BATCH_BYTES - 1)  # at the pace of the first, minutes
        worker, future = await given(pool, long, workers)
        pool.look_after(time.monotonic() + STALLED_SECONDS)
        assert all(each.nothing_taken for each in workers)
        worker.answer([b"x"])
        assert await outcome(future) == (200, b"x")
        assert pool.metrics.retried == 0

    with_workers(2, story)


@pytest.fixture
def computing() -> Iterator[subprocess.Popen[bytes]]:
    """A process that computes without end."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield process
    process.kill()
    process.wait()


async def time_passes(pool: Pool, come: Callable[[], bool]) -> None:
    """Look after the pool, as its gateway does, until something comes."""

    def looked_after() -> bool:
        pool.look_after(time.monotonic())
        return come()

    await until(looked_after)


def test_a_single_row_that_is_computed_for_long_is_left_to_its_worker_as_long_as_that_computes(
    computing: subprocess.Popen[bytes],
) -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        first, slow = await given(pool, b"slow", workers)
        begun = time.monotonic()
        await time_passes(pool, lambda: time.monotonic() - begun > STALLED_SECONDS + 1)
        (other,) = [worker for worker in workers if worker is not first]
        assert other.nothing_taken
        assert pool.metrics.retried == 0
        computing.send_signal(signal.SIGSTOP)
        await time_passes(pool, lambda: not other.nothing_taken)
        assert await other.taken() == [b"slow"]
        other.answer([b"slow"])
        assert await outcome(slow) == (200, b"slow")

    with_workers(2, story, pid=computing.pid)


def test_a_row_that_both_workers_compute_is_waited_for_though_others_wait(computing: subprocess.Popen[bytes]) -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        together = [ask(pool, body) for body in (b"slow", b"1")]
        await until(lambda: not all(worker.nothing_taken for worker in workers))
        first, other = sorted(workers, key=lambda worker: worker.nothing_taken)
        assert await first.taken() == [b"slow", b"1"]
        await time_passes(pool, lambda: not other.nothing_taken)
        assert await other.taken() == [b"slow"]
        begun, waiting = time.monotonic(), ask(pool, b"2")
        await time_passes(pool, lambda: time.monotonic() - begun > STALLED_SECONDS + 1)
        assert not pool.stuck(time.monotonic())
        first.answer([b"slow", b"1"])
        assert [await outcome(one) for one in together] == [(200, b"slow"), (200, b"1")]
        assert await first.taken() == [b"2"]
        first.answer([b"2"])
        assert await outcome(waiting) == (200, b"2")

    with_workers(2, story, pid=computing.pid)


def large(name: bytes) -> bytes:
    return name.ljust(LARGE_BYTES + 1)


def test_small_requests_and_large_ones_take_turns_with_an_only_worker() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        ask(pool, b"first")
        assert await worker.taken() == [b"first"]
        for body in (large(b"file 1"), large(b"file 2" * BESIDE_SMALL_BYTES), b"row 1", b"row 2"):
            ask(pool, body)
        taken = []
        worker.answer([b"first"])
        for _ in range(3):
            taken.append(await worker.taken())
            worker.answer(taken[-1])
        assert [[body[:6].strip() for body in batch] for batch in taken] == [
            [b"file 1"], [b"row 1", b"row 2"], [b"file 2"],
        ]  # fmt: skip

    with_workers(1, story)


def test_while_small_requests_come_large_ones_leave_them_a_worker() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        worker, small = await given(pool, b"1", workers)
        worker.answer([b"1"])
        assert await outcome(small) == (200, b"1")
        busy, first = await given(pool, large(b"file 1"), workers)
        second = ask(pool, large(b"file 2"))
        (free,) = [worker for worker in workers if worker is not busy]
        for body in (b"2", b"3"):
            taker, small = await given(pool, body, workers)
            assert taker is free
            free.answer([body])
            assert await outcome(small) == (200, body)
        for future in (first, second):
            assert not future.done()
            (batch,) = [await busy.taken()] if future is second else [[large(b"file 1")]]
            busy.answer(batch)
            assert (await outcome(future))[0] == 200

    with_workers(2, story)


def test_large_requests_get_every_worker_where_no_small_ones_come() -> None:
    async def story(pool: Pool, *workers: Worker) -> None:
        for name in (b"file 1", b"file 2"):
            ask(pool, large(name * BATCH_BYTES))
        assert {(await worker.taken())[0][:6] for worker in workers} == {b"file 1", b"file 2"}

    with_workers(2, story)


def test_a_deadline_is_kept_and_the_answer_that_comes_later_is_nobody_elses() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        late = ask(pool, b"1", seconds=5)
        assert await worker.taken() == [b"1"]
        waiting = ask(pool, b"2", seconds=5)
        patient = ask(pool, b"3", seconds=50)
        pool.look_after(time.monotonic() + 5)
        assert await outcome(late) == (504, "scoring-timeout")
        assert await outcome(waiting) == (504, "scoring-timeout")
        worker.answer([b"1"])
        assert await worker.taken() == [b"3"]  # what nobody waits for is not computed
        worker.answer([b"3"])
        assert await outcome(patient) == (200, b"3")

    with_workers(1, story)


def test_without_a_worker_requests_wait_for_one_as_long_as_one_is_due() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        worker.end()
        await until(lambda: not pool.ready)
        future = ask(pool, b"1")
        next_one = await Worker(worker.path).listen()
        assert await next_one.taken() == [b"1"]
        next_one.answer([b"1"])
        assert await outcome(future) == (200, b"1")

    with_workers(1, story)


def test_without_a_worker_that_is_due_requests_are_refused_those_that_wait_as_well() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        taken = ask(pool, b"1")
        assert await worker.taken() == [b"1"]
        worker.end()
        assert await outcome(taken) == (503, "not-ready")
        with pytest.raises(Refused) as refused:
            ask(pool, b"2")
        assert (refused.value.status, refused.value.code) == (503, "not-ready")

    with_workers(1, story, grace=0.0)


def test_both_lines_have_an_end() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        busy = ask(pool, b"busy")
        assert await worker.taken() == [b"busy"]
        futures = [ask(pool, b"%d" % number) for number in range(WAITING_BODIES)]
        with pytest.raises(Refused) as refused:
            ask(pool, b"one more")
        assert (refused.value.status, refused.value.code) == (429, "throttled")
        worker.answer([b"busy"])
        assert await outcome(busy) == (200, b"busy")
        while pool.waiting or not worker.nothing_taken:
            worker.answer(await worker.taken())
        assert [await outcome(one) for one in futures] == [(200, b"%d" % one) for one in range(WAITING_BODIES)]

        ask(pool, b"busy")
        await worker.taken()
        ask(pool, b"x" * WAITING_BYTES)
        with pytest.raises(Refused):
            ask(pool, large(b"one file more"))
        ask(pool, b"a row")  # files leave rows their place

    with_workers(1, story)


def test_a_worker_of_an_earlier_version_is_ended_so_that_one_of_this_version_comes() -> None:
    old = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    async def run(folder: Path) -> None:
        await Worker(folder / "0", pid=old.pid, protocol=PROTOCOL - 1).listen()
        pool = Pool(NAME, MODEL, grace=PATIENCE)
        pool.follow([str(folder / "0")])
        await until(lambda: old.poll() is not None)
        assert not pool.ready
        pool.retire()

    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(run(Path(folder)))
        assert old.returncode == -signal.SIGTERM
    finally:
        old.kill()
        old.wait()


def test_a_worker_that_breaks_the_protocol_is_dropped_and_its_requests_are_not() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        future = ask(pool, b"1")
        assert await worker.taken() == [b"1"]
        worker.answer([b"1", b"one that nobody asked"])
        assert await worker.taken() == [b"1"]
        worker.answer([b"1"])
        assert await outcome(future) == (200, b"1")

    with_workers(1, story)


def test_a_worker_of_another_model_is_not_asked() -> None:
    async def run(folder: Path) -> None:
        other = await Worker(folder / "0", model="late-payers:2.0.0").listen()
        pool = Pool(NAME, MODEL, grace=PATIENCE)
        pool.follow([str(other.path)])
        ask(pool, b"1")
        await asyncio.wait_for(other.let_go.wait(), PATIENCE)
        assert not pool.ready
        assert other.nothing_taken
        pool.follow([])

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def test_a_pool_that_retires_answers_what_it_took_and_then_lets_its_workers_go() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        futures = [ask(pool, b"1")]
        assert await worker.taken() == [b"1"]
        futures.append(ask(pool, b"2"))
        pool.retire()
        assert not pool.drained
        for body in (b"1", b"2"):
            worker.answer([body])
            if body == b"1":
                assert await worker.taken() == [b"2"]
        assert [await outcome(one) for one in futures] == [(200, b"1"), (200, b"2")]
        await asyncio.wait_for(worker.let_go.wait(), PATIENCE)
        assert pool.drained

    with_workers(1, story)
