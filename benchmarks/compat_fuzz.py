"""Damaged model files by the ten thousand: whatever a file holds, reading it ends, in words, and runs nothing of it.

    python benchmarks/compat_fuzz.py [--mutations 100000] [--seed 1] [--keep FOLDER] [MORE MODEL FILES ...]

Each mutation is a model file with bytes changed, dropped, doubled, swapped in from another file, or with opcodes and
huge lengths written over; some get a whole pickle put in that would leave a mark, a canary file, if anything ran it.
Each is read and judged as ``check-compat --no-probe`` does. What ends in an exception, takes more than
``--seconds``, lets memory grow, or leaves the canary's mark is a failure, and is kept for a closer look.
"""

from __future__ import annotations

import argparse
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from finbehave.compat.case import Case
from finbehave.compat.reader import inspect_file
from finbehave.compat.target import Target
from finbehave.compat.verdict import assess
from finbehave.domain.compat import Verdict

TARGET = Target(
    "fuzz.yml", "3.11",
    {"scikit-learn": "1.5.2", "numpy": "1.26.4", "scipy": "1.13.1", "joblib": "1.4.2", "pandas": "2.2.3"},
)  # fmt: skip
LONGEST = 200_000
"""Bytes of a file that is damaged; opening a larger one a hundred thousand times tests the disk."""
WORDS = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\x00" * 8)
OPCODES = b".0123()]}lduasbcioR\x81\x92\x93\x94\x95\x82\x83\x84hjqrgpXUTCBG\x8c\x8d\x8e\x96\x97\x98NIJKML"
HANGS = 60
GROWTH = 600
"""MiB that memory may grow by over the whole run."""


class Mark:
    """Leaves a file behind when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.canary,)


class Shell(Mark):
    """The same through the shell."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, (f"touch {self.canary}",)


def models(folder: Path) -> list[bytes]:
    """Models of the scikit-learn that is installed, saved in every way that joblib and pickle have."""
    import joblib
    import numpy
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    chance = numpy.random.RandomState(0)
    numbers = chance.normal(size=(120, 4))
    labels = (numbers[:, 0] > 0).astype(int)
    words = numpy.column_stack([numbers, chance.choice(["a", "b", "c"], 120)]).astype(object)
    encode = make_column_transformer((StandardScaler(), [0, 1, 2, 3]), (OneHotEncoder(), [4]))
    fitted = [
        make_pipeline(encode, LogisticRegression()).fit(words, labels),
        RandomForestClassifier(n_estimators=3, max_depth=4, random_state=numpy.random.RandomState(1)).fit(
            numbers, labels
        ),
        {"model": HistGradientBoostingClassifier(max_iter=3).fit(numbers, labels), "columns": ["a", "b"]},
    ]
    made = []
    for model in fitted:
        made += [pickle.dumps(model, protocol) for protocol in range(6)]
        for compress in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1), ("lz4", 1)):
            path = folder / "seed.joblib"
            joblib.dump(model, path, compress=compress)
            made.append(path.read_bytes())
    return made


def mutations(seeds: list[bytes], chance: random.Random, marks: list[bytes]) -> Iterator[bytes]:
    """Endless damaged files."""
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 8, 30))):
            if data:
                _damage(data, chance, seeds)
        if chance.random() < 0.25:
            at = chance.randrange(len(data) + 1)
            data[at:at] = chance.choice(marks)
        yield bytes(data)


def _damage(data: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    at = chance.randrange(len(data))
    kind = chance.randrange(8)
    if kind == 0:
        data[at] = chance.randrange(256)
    elif kind == 1:
        data[at] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del data[at : at + chance.randrange(1, 60)]
    elif kind == 3:
        data[at:at] = chance.randbytes(chance.randrange(1, 12))
    elif kind == 4:
        del data[at:]
    elif kind == 5:
        other = chance.choice(seeds)
        begin = chance.randrange(len(other))
        data[at : at + chance.choice((0, 8))] = other[begin : begin + chance.randrange(1, 300)]
    elif kind == 6:
        data[at : at + 8] = chance.choice(WORDS)
    else:
        data[at] = chance.choice(OPCODES)


def one(path: Path) -> str:
    """Read and judge a file; a word for what came of it."""
    found = inspect_file(path)
    verdict = assess(Case(found, TARGET)).verdict
    return f"{verdict.value}, {found.problem[0]}" if found.problem and verdict is Verdict.UNKNOWN else verdict.value


def expire(*_: object) -> None:
    raise TimeoutError(f"not read in {HANGS} s")


def run(said: argparse.Namespace, folder: Path) -> bool:
    """All mutations. Whether nothing failed."""
    canary = folder / "canary"
    marks = [pickle.dumps(kind(canary), protocol) for kind in (Mark, Shell) for protocol in (0, 2, 4)]
    marks += [mark[:-1] for mark in marks]
    seeds = models(folder) + [file.read_bytes() for file in said.files if 0 < file.stat().st_size <= LONGEST]
    counted: Counter[str] = Counter()
    failures, slowest, path, before = 0, 0.0, folder / "model.joblib", _mebibytes()
    damaged = mutations(seeds, random.Random(said.seed), marks)
    for number in range(said.mutations):
        path.write_bytes(data := next(damaged))
        started = time.monotonic()
        wrong = ""
        signal.alarm(HANGS)
        try:
            counted[one(path)] += 1
        except Exception:
            wrong = traceback.format_exc(limit=-4)
        finally:
            signal.alarm(0)
        took = time.monotonic() - started
        slowest = max(slowest, took)
        if canary.exists():
            wrong = "it was run: the canary is there"
            canary.unlink()
        if took > said.seconds:
            wrong = wrong or f"it took {took:.1f} s"
        if wrong:
            failures += 1
            print(f"mutation {number}: {wrong}", file=sys.stderr)
            if said.keep:
                (said.keep / f"failed-{said.seed}-{number}.bin").write_bytes(data)
        if number % 10_000 == 9_999:
            print(f"{number + 1} read, {failures} failed", file=sys.stderr)
    grown = _mebibytes() - before
    print(f"{said.mutations} damaged files of {len(seeds)} models, seed {said.seed}")
    for word, count in counted.most_common():
        print(f"  {count:8d}  {word}")
    print(f"failed {failures} (exceptions, hangs, files that were run)")
    print(f"slowest {slowest:.2f} s; memory grew by {grown:.0f} MiB")
    return failures == 0 and grown < GROWTH


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--keep", type=Path, help="folder for the files that fail")
    said = parser.parse_args()
    signal.signal(signal.SIGALRM, expire)
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(said, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
