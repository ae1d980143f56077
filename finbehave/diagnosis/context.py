"""What a log says about its circumstances: versions, ports, folders, and which part of a container's life it shows."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from finbehave.diagnosis.reader import Line
from finbehave.diagnosis.signatures.form import Phase
from finbehave.diagnosis.tracebacks import Chain

_VERSIONS = re.compile(
    r"Trying to unpickle estimator (\w+) from version (\S+) when using version ([\w.+-]+?)\.?(?:\s|$)"
)
_FACTS = (
    ("model_dir", re.compile(r"Model Directory: (/\S+)")),
    ("script", re.compile(r"Entry Script Name: (\S+)")),
    (
        "listening",
        re.compile(r"(?:Server Port: |Listening at: https?://\S{1,60}:|Uvicorn running on \S{1,60}:)(\d{2,5})"),
    ),
    (
        "served",
        re.compile(
            r"(init has completed successfully|ready for serving traffic|Application startup complete"
            r"|worker \d+ of .{1,80} is ready: )"
        ),
    ),
)
WRAPPERS = frozenset(["UserScriptException", "UserScriptImportException"])
"""What azureml-inference-server-http raises from the exception of a score script."""

_TREE = "Model Directory Contents"
_ENTRY = re.compile(r"( *)([^\s/][^/\n]{0,200}?)(/?)$")
_MODEL_FILE = re.compile(r"\.(?:joblib|pkl|pickle|sav|bst|ubj|cbm|onnx|txt|json|dill|skops)(?:\.\w{1,4})?$")
_MOST_ENTRIES = 500

_MARKERS = (
    (re.compile(r"Invoking user's init function|Booting worker with pid|Found user script at"), Phase.START),
    (
        re.compile(
            r"init has completed successfully|ready for serving traffic|Application startup complete"
            r"|^worker \d+ of .{1,80} is ready: "
        ),
        Phase.RUN,
    ),
)
_INTRO_START = re.compile(r"init function failed|Encountered Exception Traceback|Exception in worker process")
_INTRO_RUN = re.compile(r"Encountered Exception: Traceback|Exception on /|Error handling request|Exception in ASGI")
_START_CALLS = frozenset(["invoke_init", "load_script", "init_process", "load_wsgi"])
_RUN_CALLS = frozenset(["invoke_run", "handle_score", "_serve_gateway"])
_OUR_START_CALLS = frozenset([("worker.py", "load"), ("model.py", "open")])
_OUR_RUN_CALLS = frozenset([("answers.py", "_score"), ("answers.py", "answer")])
_INSTALLED = re.compile(r"(?:site|dist)-packages|[/\\]lib[/\\]python\d|^<|\.pyx$")


@dataclass(frozen=True)
class Fact:
    """Something the log says, and the index of the line that says it."""

    value: str
    at: int


@dataclass(frozen=True)
class Context:
    """Facts by name, files of the model's folder (relative path -> index), and the turning points of each container."""

    facts: dict[str, Fact]
    tree: dict[str, int]
    turns: dict[str, tuple[list[int], list[Phase]]]

    def phase_at(self, stream: str, index: int) -> Phase | None:
        """The phase in which a container wrote a line."""
        at, phases = self.turns.get(stream, ([], []))
        before = bisect.bisect_right(at, index)
        return phases[before - 1] if before else None

    def next_phase(self, stream: str, index: int) -> Phase | None:
        """What the container went on to after a line."""
        at, phases = self.turns.get(stream, ([], []))
        after = bisect.bisect_right(at, index)
        return phases[after] if after < len(at) else None

    def find(self, path: str) -> Fact | None:
        """The file of the model's folder that somebody looked for in vain as ``path``."""
        name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
        same = [entry for entry in self.tree if entry.rpartition("/")[2] == name]
        models = [entry for entry in self.tree if _MODEL_FILE.search(entry)]
        best = next(iter(same or sorted(models, key=_least_like_a_model)), None)
        return Fact(best, self.tree[best]) if best else None


def _least_like_a_model(path: str) -> tuple[bool, int]:
    return path.endswith((".json", ".txt")), path.count("/")


def gather(lines: Sequence[Line]) -> Context:
    """Read the circumstances in one pass."""
    facts: dict[str, Fact] = {}
    tree: dict[str, int] = {}
    turns: dict[str, tuple[list[int], list[Phase]]] = {}
    for index, line in enumerate(lines):
        body = line.body[:2000]
        _note_facts(facts, body, index)
        if _TREE in body and not tree:
            tree = _read_tree(lines, index)
        for pattern, phase in _MARKERS:
            if pattern.search(body):
                at, phases = turns.setdefault(line.stream, ([], []))
                at.append(index)
                phases.append(phase)
    return Context(facts, tree, turns)


def _note_facts(facts: dict[str, Fact], body: str, index: int) -> None:
    if "Trying to unpickle" in body and "drift" not in facts:
        match = _VERSIONS.search(body)
        if match and _minor(match[2]) != _minor(match[3]):
            facts["saved"], facts["installed"] = Fact(match[2], index), Fact(match[3], index)
            facts["drift"] = Fact(f"{match[2]} to {match[3]}", index)
        elif match:
            facts.setdefault("saved", Fact(match[2], index))
            facts.setdefault("installed", Fact(match[3], index))
    for name, pattern in _FACTS:
        if name not in facts and (match := pattern.search(body)):
            facts[name] = Fact(match[1], index)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _read_tree(lines: Sequence[Line], header: int) -> dict[str, int]:
    """The files below ``Model Directory Contents:``, relative to the folder; its first line is the folder itself."""
    files: dict[str, int] = {}
    parents: list[tuple[int, str]] = []
    stream = lines[header].stream
    entries = [at for at in range(header + 1, min(len(lines), header + _MOST_ENTRIES)) if lines[at].stream == stream]
    for at in entries:
        body = lines[at].body.rstrip()
        if not parents and not files and body.startswith("/"):
            parents.append((-1, ""))
            continue
        match = _ENTRY.match(body)
        if match is None or (lines[at].record and not lines[header].record):
            break
        depth = len(match[1])
        if parents and depth == 0 and parents[0][0] == 0:  # back at the left edge: the listing is over
            break
        while parents and parents[-1][0] >= depth:
            parents.pop()
        path = "/".join([name for _, name in parents if name] + [match[2]])
        if match[3]:
            parents.append((depth, "" if not parents and depth == 0 else path.rpartition("/")[2]))
        else:
            files[path] = at
    return files


# --- which phase a traceback belongs to -------------------------------------------------------------------


def phase_of(chain: Chain) -> Phase | None:
    """The phase that a traceback itself tells, by its calls and by what introduces it; None where it does not."""
    frames = [frame for raised in chain.raised for frame in raised.frames]
    names = {frame.function for frame in frames}
    own = {frame.function for frame in frames if not _INSTALLED.search(frame.file)}
    ours = {(frame.file.replace("\\", "/").rpartition("/")[2], frame.function) for frame in frames}
    if names & _RUN_CALLS or ours & _OUR_RUN_CALLS or "run" in own:
        return Phase.RUN
    if names & _START_CALLS or ours & _OUR_START_CALLS or "init" in own:
        return Phase.START
    kinds = [raised.kind.rpartition(".")[2] for raised in chain.raised]
    if "UserScriptImportException" in kinds or _INTRO_START.search(chain.intro):
        return Phase.START
    if _INTRO_RUN.search(chain.intro):
        return Phase.RUN
    if "UserScriptException" in kinds:
        return Phase.START
    return None


def is_uncaught(chain: Chain) -> bool:
    """Whether nothing handled it: the server reports it as the script's, or it went through to the top."""
    kinds = {raised.kind.rpartition(".")[2] for raised in chain.raised}
    top = {raised.frames[0].function for raised in chain.raised if raised.frames}
    return bool(kinds & WRAPPERS) or "<module>" in top
