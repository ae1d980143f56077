"""Reads any file that people call a model, without running anything of it."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from finbehave.compat import graph
from finbehave.compat.inspection import Inspection
from finbehave.compat.machine import Machine
from finbehave.compat.reading import Reading
from finbehave.compat.resolve import GUARDED
from finbehave.compat.sniff import HEAD, PICKLE, sniff
from finbehave.compat.states import check_the_rest
from finbehave.compat.stream import SECONDS, Broken, Source
from finbehave.errors import ConfigurationError, NotFound

_AGAIN = "copy or download the model file again, or save it again with joblib.dump(model, 'model.joblib')"
_REMEDIES = {
    "lz4-missing": "pip install lz4",
    "too-much-to-read": "save the estimator without the data that was kept with it",
}


def inspect_file(path: Path, *, seconds: float = SECONDS) -> Inspection:
    """Read a file.

    Args:
        path: Any file; side files of joblib up to 0.9 are looked for beside it.
        seconds: After that long, reading is given up (``problem`` says so).

    Raises:
        NotFound: no such file.
        ConfigurationError: it cannot be opened.
    """
    try:
        source = Source(path, seconds=seconds)
    except FileNotFoundError:
        raise NotFound(f"there is no model file at {path}", remedy="check the path, or finbehave models list") from None
    except Broken as broken:
        return _no_model(path, path.stat().st_size, None, broken)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}", remedy="name a file that you may read"
        ) from None
    try:
        return _read(source)
    finally:
        source.close()


def _read(source: Source) -> Inspection:
    try:
        head = source.head(HEAD)
    except Broken as broken:
        return _no_model(source.path, source.stored_bytes, source.compression, broken)
    kind = sniff(head, source.stored_bytes)
    if kind is not PICKLE:
        words = f"{kind.words} (compressed with {source.compression})" if source.compression else kind.words
        return Inspection(
            source.path, source.stored_bytes, kind.code, words, source.compression,
            problem=("model-is-pointer" if kind.code in ("lfs-pointer", "html", "error-page") else "not-a-model",
                     f"{source.path.name} is {words}", kind.remedy),
        )  # fmt: skip
    return _read_pickle(source)


def _read_pickle(source: Source) -> Inspection:
    reading = Reading()
    machine = Machine(source, reading)
    root: Any = None
    problem = None
    trailing = False
    try:
        root = machine.run()
        trailing = not source.at_end()
        _read_side_files(source.path, reading)
    except Broken as broken:
        if not reading.symbols and source.position < 64:
            return _no_model(source.path, source.stored_bytes, source.compression, broken)
        problem = _problem(source.path, broken)
        root = tuple(machine.stack)
    check_the_rest(reading)
    found = _summary(source, reading)
    objects, stored = graph.walk(root)
    return replace(
        found, problem=problem, trailing=trailing, objects=objects, arrays=stored, root=graph.described(root)
    )


def _summary(source: Source, reading: Reading) -> Inspection:
    joblib = bool(reading.wrappers or reading.side_files)
    guarded = [name for name, uses in reading.guarded.items() if uses > 0 and name in GUARDED]
    dangers = [*reading.dangers, *(f"it uses {name} in a way that could reach anything" for name in guarded)]
    protocol = max(reading.protocols, default=0)
    words = f"a {'joblib file' if joblib else 'pickle'} of protocol {protocol or '0 or 1'}"
    if source.compression:
        words += f", compressed with {source.compression}"
    return Inspection(
        source.path, source.stored_bytes, "joblib" if joblib else "pickle", words, source.compression,
        globals=tuple(reading.symbols.values()),
        called={name: frozenset(counts) for name, counts in reading.called.items()},
        bound=frozenset(reading.bound - reading.unbound),
        protocols=frozenset(reading.protocols), nested_protocols=frozenset(reading.nested_protocols),
        aligned=any(reading.aligned) if reading.aligned else None,
        side_files=tuple(reading.side_files), dangers=tuple(dangers), oddities=tuple(reading.oddities),
        bytecode=frozenset(reading.bytecode),
    )  # fmt: skip


def _read_side_files(path: Path, reading: Reading) -> None:
    """Read what lies beside a model of joblib up to 0.9: ``numpy.load`` would unpickle it."""
    read: set[str] = set()
    while waiting := reading.side_files.keys() - read:
        name = min(waiting)
        read.add(name)
        beside = path.with_name(name)
        if not beside.is_file():
            raise Broken("model-corrupt", f"it keeps arrays in {name}, which does not lie beside it")
        source = Source(beside, packed=reading.side_files[name])
        try:
            _read_npy(source, reading, packed=reading.side_files[name])
        finally:
            source.close()


def _read_npy(source: Source, reading: Reading, *, packed: bool) -> None:
    """An array that is read as raw bytes only where its header says nothing else; the rest would be unpickled."""
    if packed and source.compression == "zfile":
        return
    head = source.head(10)
    if not head.startswith(b"\x93NUMPY"):
        Machine(source, reading, joblib=False, depth=1).run()
        return
    source.read(8)
    length = int.from_bytes(source.read(2 if head[6] == 1 else 4), "little")
    header = source.blob(length)
    if _holds_objects(header):
        Machine(source, reading, joblib=False, depth=1).run()


def _holds_objects(header: bytes) -> bool:
    """Whether a .npy header describes an array of objects (``numpy.lib.format``: a dict of three keys, as text)."""
    text = re.sub(r"(\d)L\b", r"\1", header.decode("latin-1")).strip()
    try:
        tree = ast.parse(text, mode="eval").body
        keys = [ast.literal_eval(key) for key in tree.keys if key] if isinstance(tree, ast.Dict) else []
        described = ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        keys = []
    if sorted(keys) != ["descr", "fortran_order", "shape"]:
        raise Broken("model-corrupt", "an array beside it has no header that numpy would have written")
    return "O" in repr(described["descr"])


def _problem(path: Path, broken: Broken) -> tuple[str, str, str]:
    return broken.code, f"{path.name} cannot be read to the end: {broken.why}", _REMEDIES.get(broken.code, _AGAIN)


def _no_model(path: Path, size: int, compression: str | None, broken: Broken) -> Inspection:
    if broken.code in _REMEDIES:
        return Inspection(
            path, size, "unread", "a file that could not be read", compression, problem=_problem(path, broken)
        )
    words = "a damaged file, or no model at all" if compression else "no model: it does not read as a pickle"
    return Inspection(
        path,
        size,
        "no-pickle",
        words,
        compression,
        problem=("model-corrupt", f"{path.name} is {words}: {broken.why}", _AGAIN),
    )
