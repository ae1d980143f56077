"""What an endpoint keeps has bounds: answers, copies, lines and samples of requests, logs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from finbehave.backends.local import logbook
from finbehave.backends.local.gateway.link import Answer
from finbehave.backends.local.gateway.mirroring import MOST_COPIES, Mirroring
from finbehave.backends.local.gateway.pool import Pool
from finbehave.backends.local.gateway.records import FILE_BYTES, LINES_A_SECOND, Records
from finbehave.backends.local.gateway.remembering import LONGEST_BODY, Remembered
from finbehave.backends.local.paths import log_file, predictions_file
from finbehave.backends.local.samples import scores
from tests.gateway.test_pool import Worker, until, with_workers

GOOD = Answer(200, b'{"predictions": [1]}', 1, b"")


def test_answers_that_were_not_asked_for_the_longest_are_forgotten_first() -> None:
    remembered = Remembered()
    remembered.most = 2
    for body in (b"1", b"2"):
        remembered.keep(body, GOOD)
    assert remembered.find(b"1", sampled=False) == GOOD
    remembered.keep(b"3", GOOD)
    assert [remembered.find(body, sampled=False) is not None for body in (b"1", b"2", b"3")] == [True, False, True]
    remembered.most = 1
    remembered.shrink()
    assert [remembered.find(body, sampled=False) is not None for body in (b"1", b"3")] == [False, True]


def test_refusals_and_answers_to_long_requests_are_not_remembered() -> None:
    remembered = Remembered()
    remembered.most = 10
    remembered.keep(b"bad", GOOD._replace(status=500))
    remembered.keep(b"x" * (LONGEST_BODY + 1), GOOD)
    assert remembered.find(b"bad", sampled=False) is None
    assert remembered.find(b"x" * (LONGEST_BODY + 1), sampled=False) is None


def test_no_more_copies_are_made_than_the_other_deployment_keeps_up_with() -> None:
    async def story(pool: Pool, worker: Worker) -> None:
        mirroring = Mirroring()
        for _ in range(2 * MOST_COPIES):
            mirroring.copy(pool, 100, GOOD.body, GOOD)
        while pool.mirrored["same"] < MOST_COPIES:
            worker.answer(await worker.taken())
            await asyncio.sleep(0)
            await until(lambda: pool.drained or not worker.nothing_taken)
        await until(lambda: pool.drained)
        assert pool.mirrored == {"same": MOST_COPIES}
        mirroring.copy(pool, 100, GOOD.body, GOOD)  # they have all come back
        assert await worker.taken() == [GOOD.body]

    with_workers(1, story)


def test_no_more_lines_a_second_are_written_than_allowed_and_refusals_have_their_own(tmp_path: Path) -> None:
    records = Records(tmp_path)
    wanted = [records.wants("blue", 7.1) for _ in range(2 * LINES_A_SECOND)]
    assert sum(wanted) == LINES_A_SECOND
    assert records.wants("green", 7.2)
    assert records.wants("blue", 7.3, failed=True)
    assert records.wants("blue", 8.0)
    records.close()


def test_a_long_file_of_samples_is_moved_aside(tmp_path: Path) -> None:
    path = predictions_file(tmp_path, "blue")
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    records = Records(tmp_path)
    records.sample("1", "blue", b'{"predictions": [1], "inputs": [{"age": 41}]}')
    records.close()
    assert path.with_suffix(".jsonl.1").stat().st_size == FILE_BYTES + 1
    assert json.loads(path.read_text())["inputs"] == [{"age": 41}]


FULL_DISK = """
import resource, sys
from pathlib import Path
from finbehave.backends.local.gateway.records import Records
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
records = Records(Path(sys.argv[1]))
for number in range(50):
    records.sample(str(number), "blue", b'{"predictions": [1], "inputs": [{"age": 41}]}')
records.close()
print(records.dropped)
"""


def test_on_a_disk_that_is_full_no_line_is_half_written_and_those_that_are_lost_are_counted(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    lines = predictions_file(tmp_path, "blue").read_text().splitlines()
    assert [json.loads(line)["request"] for line in lines] == [str(number) for number in range(len(lines))]
    assert 0 < len(lines) == 50 - int(done.stdout)
    assert done.stderr.count("requests are not written down") == 1


def test_scores_are_of_the_last_seconds_and_of_this_start_of_the_machine(tmp_path: Path) -> None:
    now, path = time.monotonic(), predictions_file(tmp_path, "blue")
    path.parent.mkdir()
    moments = [now + 5000, now - 100, now - 3, now - 2]
    with path.open("w") as file:
        for number, moment in enumerate(moments):
            sample = {"time": "", "moment": moment, "request": "1", "predictions": [number], "inputs": [{"n": number}]}
            file.write(json.dumps(sample) + "\n")
        file.write('{"time": "half a li')
    assert scores(tmp_path, "blue", 60.0) == ((3, 2), 2)


def test_a_long_log_is_moved_aside_and_still_read(tmp_path: Path) -> None:
    logbook.append(tmp_path, "blue", "the first")
    with log_file(tmp_path, "blue").open("a") as file:
        file.write("x" * logbook.LOG_BYTES + "\n")
    logbook.keep_small(tmp_path)
    logbook.append(tmp_path, "blue", "the last")
    assert log_file(tmp_path, "blue").stat().st_size < 100
    texts = [line.text for line in logbook.read(tmp_path, ["blue"])]
    assert (texts[0], texts[-1]) == ("the first", "the last")


def test_a_long_log_on_a_full_disk_is_cut(tmp_path: Path) -> None:
    path = log_file(tmp_path, "blue")
    logbook.append(tmp_path, "blue", "x" * (logbook.LOG_BYTES + 1))
    path.with_suffix(".log.1").symlink_to("/dev/full")
    logbook.keep_small(tmp_path)
    assert path.stat().st_size == 0
    assert "is cut" in log_file(tmp_path, "supervisor").read_text()
