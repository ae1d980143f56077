"""How right the static verdict is (``check-compat --no-probe``), beside what people do without it.

    python benchmarks/compat_accuracy.py --bench FOLDER --work FOLDER [--truth FILE ...] [--hold-out ...] [--misses]

``--bench`` holds ``envs.json`` (environments with their pins), ``produce.py`` (run in each, it trains and saves models)
and a truth: what happened when each model was loaded and asked in each environment, as CSV with ``artifact``,
``trained_env``, ``target_env``, ``outcome`` (``ok``, ``drifts``, ``fails_load``, ``fails_predict``), ``pipeline`` and
``loaded``. Environments and models are made in ``--work`` where they are not there yet (uv, and the Pythons named).
A truth may also be a folder of what ``compat_lab/use.py`` wrote (TARGET/TRAINED.json), with models in ``--models``.

``--hold-out versions`` judges each pair of scikit-learn versions without what was measured of either, and
``--hold-out estimators`` each class without what was measured or written of it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from finbehave.compat import rules_state
from finbehave.compat.allowed import DISTRIBUTIONS
from finbehave.compat.case import Case
from finbehave.compat.inspection import Inspection
from finbehave.compat.knowledge import PACKAGES, Knowledge, parsed, positions
from finbehave.compat.reader import inspect_file
from finbehave.compat.target import Target, target_of_spec
from finbehave.compat.verdict import assess
from finbehave.domain.environment import EnvironmentSpec
from finbehave.environments.interpreters import find_python
from finbehave.environments.tool import run_uv

VERDICTS = ("compatible", "risky", "unknown", "incompatible", "unsafe")
OUTCOMES = ("ok", "drifts", "fails_load", "fails_predict")


@dataclass(frozen=True)
class Row:
    """One combination, as it was measured."""

    artifact: str
    trained: str
    target: str
    outcome: str
    full: bool
    error: str


# --- environments and models --------------------------------------------------------------------------------------


def environments(bench: Path) -> dict[str, dict[str, str]]:
    """Name -> python and packages."""
    return {k: v for k, v in json.loads((bench / "envs.json").read_text()).items() if not k.startswith("_")}


def target_of(name: str, pins: dict[str, str]) -> Target:
    """As an environment file with these pins is read."""
    lines = tuple(f"{package}=={version}" for package, version in pins.items() if package != "python")
    return target_of_spec(EnvironmentSpec(f"{name}.yml", pins["python"], lines))


def make_models(bench: Path, work: Path) -> None:
    """The environments and the models that are not there yet."""
    for name, pins in environments(bench).items():
        made, folder = work / "art" / name, work / "envs" / name
        if (made / "env.json").exists():
            continue
        print(f"{name}: environment and models", file=sys.stderr)
        python = folder / "bin" / "python"
        lines = [f"{package}=={version}" for package, version in pins.items() if package != "python"]
        folder.mkdir(parents=True, exist_ok=True)
        for words in (
            ["venv", "--quiet", "--no-project", "--allow-existing", "--python", find_python(pins["python"]), folder],
            ["pip", "install", "--only-binary", ":all:", "--python", python, *lines],
        ):
            if (run := run_uv(words, cwd=folder)).status != 0:
                raise SystemExit(run.stderr)
        subprocess.run([python, bench / "produce.py", made], check=True, stdout=subprocess.DEVNULL)


def rows_of(truth: Path) -> Iterator[Row]:
    """The truth, from either form."""
    if truth.is_dir():
        for path in sorted(truth.glob("*/*.json")):
            for artifact, (outcome, _, error) in json.loads(path.read_text()).items():
                yield Row(artifact, path.stem, path.parent.name, outcome, artifact.startswith("full"), error)
        return
    with gzip.open(truth, "rt") if truth.suffix == ".gz" else truth.open() as file:
        for row in csv.DictReader(file):
            full = row["pipeline"] == "full"
            yield Row(row["artifact"], row["trained_env"], row["target_env"], row["outcome"], full, row["error"])


# --- judging ------------------------------------------------------------------------------------------------------

Judge = Callable[[Case, Row], str]


def ours(case: Case, _row: Row) -> str:
    """The verdict that is being scored."""
    return str(assess(case).verdict.value)


def it_loads(_case: Case, row: Row) -> str:
    """What somebody sees who loads it there and stops."""
    return "incompatible" if row.outcome == "fails_load" else "compatible"


def same_minor(case: Case, _row: Row) -> str:
    """scikit-learn's own warning, taken at its word between minor versions."""
    saved, here = parsed(case.trained or "0"), parsed(case.sklearn or "0")
    assert saved
    assert here
    return "compatible" if saved.release[:2] == here.release[:2] else "incompatible"


def every_global_imports(case: Case, _row: Row) -> str:
    """Whether each name that the file writes is there in the target."""
    return "compatible" if all(_imports(case, s.module, s.name) for s in case.found.globals) else "incompatible"


def _imports(case: Case, module: str, name: str) -> bool:
    top = "sklearn" if module == "_loss" else module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if top not in PACKAGES.values():
        return top in DISTRIBUTIONS and DISTRIBUTIONS[top] in case.target.packages
    distribution = next(d for d, package in PACKAGES.items() if package == top)
    version = case.target.version(distribution) or ""
    first = name.partition(".")[0]
    if (found := case.known.importable(top, version, module, first)) is not None:
        return found
    return not (top == "sklearn" and case.known.importable(top, case.trained or "", module, first))


def every_state_key(case: Case, row: Row) -> str:
    """Whether fitted objects have each key that objects of the target's version have, besides importing."""
    for item in case.found.objects:
        wanted = case.known.needs(item.name, case.sklearn or "") if item.fitted and item.sklearn_version else {}
        own = case.known.needs(item.name, item.sklearn_version or "")
        if any(key not in item.state and key not in own for key in wanted if key.endswith("_") or key.startswith("_")):
            return "incompatible"
    return every_global_imports(case, row)


JUDGES: dict[str, Judge] = {
    "finbehave, reading only": ours,
    "it loads there": it_loads,
    "same minor version": same_minor,
    "every global imports": every_global_imports,
    "globals and state keys": every_state_key,
}


def judged(
    rows: Iterable[Row], models: Path, pins: dict[str, dict[str, str]], judge: Callable[[Case, Row], Any]
) -> Iterator[tuple[Row, Any]]:
    """Every row with what a judge says; each file is read once."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.trained, row.artifact].append(row)
    targets = {name: target_of(name, pin) for name, pin in pins.items()}
    for (trained, artifact), some in groups.items():
        file = next((models / trained / artifact).glob("model.*"), None)
        if file is None:
            raise SystemExit(f"{models / trained / artifact} holds no model: make the models anew")
        found = _read(file)
        for row in some:
            if row.target in targets:
                yield row, judge(Case(found, targets[row.target]), row)


def _read(file: Path) -> Inspection:
    return inspect_file(file)


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """Verdicts by outcome."""

    counts: Counter[tuple[str, str]]

    def of(self, outcomes: Iterable[str], verdicts: Iterable[str]) -> int:
        """How many of these outcomes got one of these verdicts."""
        wanted = set(verdicts)
        return sum(self.counts[o, v] for o in outcomes for v in wanted)

    @property
    def line(self) -> list[str]:
        """The five figures that count."""
        bad = OUTCOMES[1:]
        broken, works = self.of(bad, VERDICTS) or 1, self.of(["ok"], VERDICTS) or 1
        fine = ("compatible", "risky")
        shares = [
            (self.of(bad, ["compatible"]), broken), (self.of(bad, ["risky"]), broken),
            (self.of(["ok"], fine), works), (self.of(["ok"], ["risky"]), works),
            (works - self.of(["ok"], fine), works),
        ]  # fmt: skip
        return [f"{count:6d} {100 * count / total:5.1f} %" for count, total in shares]


HEADS = ("broken, called", "broken, called", "works, called", "works, called", "works, called")
TAILS = ("compatible", "risky", "comp. or risky", "risky", "anything worse")


def table(scores: dict[str, Score], title: str) -> None:
    """Print the figures of several judges."""
    first = next(iter(scores.values()))
    works, broken = first.of(["ok"], VERDICTS), first.of(OUTCOMES[1:], VERDICTS)
    print(f"\n{title}: {works + broken} combinations, {works} work, {broken} fail or drift")
    for heads in (HEADS, TAILS):
        print(f"{'':26}" + "".join(f"{head:>16}" for head in heads))
    for name, score in scores.items():
        print(f"{name:26}" + "".join(f"{cell:>16}" for cell in score.line))


def detail(score: Score) -> None:
    """Print every outcome beside every verdict."""
    print(f"\n{'':16}" + "".join(f"{v:>14}" for v in VERDICTS))
    for outcome in OUTCOMES:
        print(f"{outcome:16}" + "".join(f"{score.counts[outcome, v]:14d}" for v in VERDICTS))


def goals(score: Score) -> bool:
    """Whether the figures are those that the verdict promises."""
    bad = OUTCOMES[1:]
    broken, works = score.of(bad, VERDICTS) or 1, score.of(["ok"], VERDICTS) or 1
    return (
        score.of(bad, ["compatible"]) == 0
        and score.of(bad, ["risky"]) <= 0.02 * broken
        and score.of(["ok"], ["compatible", "risky"]) >= 0.95 * works
        and score.of(["ok"], ["risky"]) <= 0.20 * works
    )


# --- held out ---------------------------------------------------------------------------------------------------------


def tables() -> dict[str, Any]:
    """What ships, as read from the file."""
    text = resources.files("finbehave.compat").joinpath("knowledge.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def without_versions(known: dict[str, Any], gone: set[str]) -> Knowledge:
    """The tables as if these versions of scikit-learn had never been measured."""
    versions = known["versions"]["sklearn"]
    kept = [i for i, version in enumerate(versions) if version not in gone]
    renumbered = {old: new for new, old in enumerate(kept)}

    def spans(text: str) -> str:
        return ",".join(str(renumbered[i]) for i in sorted(positions(text)) if i in renumbered)

    return Knowledge(
        {
            "versions": {**known["versions"], "sklearn": [versions[i] for i in kept]},
            "surface": {
                **known["surface"],
                "sklearn": {
                    module: {name: entry[0] + spans(entry[1:]) for name, entry in names.items()}
                    for module, names in known["surface"]["sklearn"].items()
                },
            },
            "needs": {
                name: {key: "".join(letters[i] for i in kept) for key, letters in keys.items()}
                for name, keys in known["needs"].items()
            },
            "records": {
                name: {text: spans(where) for text, where in kinds.items()} for name, kinds in known["records"].items()
            },
            "parameters": {
                name: {p: [[spans(where), default] for where, default in kinds] for p, kinds in given.items()}
                for name, given in known["parameters"].items()
            },
        }
    )


def held_out_versions(rows: list[Row], models: Path, pins: dict[str, dict[str, str]]) -> Score:
    """Each pair of versions judged without what was measured of either."""
    known = tables()

    @cache
    def lacking(gone: frozenset[str]) -> Knowledge:
        return without_versions(known, set(gone))

    def judge(case: Case, row: Row) -> str:
        pair = frozenset(pins[name]["scikit-learn"] for name in (row.trained, row.target))
        if len(pair) == 1:
            return ""
        case.__dict__["known"] = lacking(pair)
        return ours(case, row)

    return Score(Counter((row.outcome, said) for row, said in judged(rows, models, pins, judge) if said))


def held_out_estimators(rows: list[Row], models: Path, pins: dict[str, dict[str, str]]) -> Score:
    """Each artefact judged without what is known of its last estimator's state: measured keys and facts."""
    known, facts = tables(), rules_state.FACTS

    @cache
    def lacking(name: str) -> Knowledge:
        return Knowledge({**known, "needs": {n: keys for n, keys in known["needs"].items() if n != name}})

    def judge(case: Case, row: Row) -> str:
        name = _estimator(case)
        case.__dict__["known"] = lacking(name)
        rules_state.FACTS = tuple(fact for fact in facts if name not in fact.classes)
        try:
            return ours(case, row)
        finally:
            rules_state.FACTS = facts

    return Score(Counter((row.outcome, said) for row, said in judged(rows, models, pins, judge)))


def _estimator(case: Case) -> str:
    """The class that the artefact is there for: the last of the outermost objects."""
    top = [item for item in case.found.objects if item.path.count(".") <= 1 and item.sklearn_version]
    return top[-1].name if top else ""


# --- the command ------------------------------------------------------------------------------------------------------


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--truth", type=Path, action="append", help="default: truth_public.csv.gz of the bench")
    parser.add_argument("--models", type=Path, help="default: those that were made in --work")
    parser.add_argument("--hold-out", choices=("versions", "estimators"), action="append", default=[])
    parser.add_argument("--only-ours", action="store_true", help="leave the others out")
    parser.add_argument("--misses", action="store_true", help="list what was judged wrongly")
    return parser.parse_args()


def main() -> None:
    said = parsed_arguments()
    if said.models is None:
        make_models(said.bench, said.work)
    models, pins = said.models or said.work / "art", environments(said.bench)
    rows = [row for truth in said.truth or [said.bench / "truth_public.csv.gz"] for row in rows_of(truth)]
    started = time.monotonic()
    judges = {"finbehave, reading only": ours} if said.only_ours else JUDGES

    def all_judges(case: Case, row: Row) -> dict[str, str]:
        return {name: judge(case, row) for name, judge in judges.items()}

    whole: dict[str, Score] = {name: Score(Counter()) for name in judges}
    full: dict[str, Score] = {name: Score(Counter()) for name in judges}
    misses: Counter[tuple[str, ...]] = Counter()
    for row, answers in judged(rows, models, pins, all_judges):
        for name, verdict in answers.items():
            whole[name].counts[row.outcome, verdict] += 1
            if row.full:
                full[name].counts[row.outcome, verdict] += 1
        mine = answers["finbehave, reading only"]
        if (row.outcome == "ok") != (mine in VERDICTS[:2]) or (row.outcome != "ok" and mine == "risky"):
            misses[mine, row.outcome, row.artifact, row.error[:90]] += 1
    table(whole, "all models")
    table(full, "full pipelines")
    detail(whole["finbehave, reading only"])
    print(f"\nmet: {'yes' if goals(whole['finbehave, reading only']) else 'NO'}  ({time.monotonic() - started:.0f} s)")
    if "versions" in said.hold_out:
        table({"without both versions": held_out_versions(rows, models, pins)}, "versions held out")
    if "estimators" in said.hold_out:
        table({"without the estimator": held_out_estimators(rows, models, pins)}, "estimators held out")
    for miss, count in misses.most_common(60) if said.misses else ():
        print(f"{count:5d}  " + "  ".join(miss))


if __name__ == "__main__":
    main()
