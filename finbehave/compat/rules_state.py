"""Rules on what scikit-learn's objects hold: keys, records, values, parameters, and who wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from packaging.specifiers import SpecifierSet

from finbehave.compat.case import Case, Proof, Ruling, ruling
from finbehave.compat.conditions import Condition, Lacks, Present
from finbehave.compat.facts import FACTS, Effect, Fact
from finbehave.compat.inspection import StoredObject
from finbehave.compat.knowledge import parsed
from finbehave.compat.symbols import is_scalar
from finbehave.domain.compat import Verdict


def _is_sklearn(item: StoredObject) -> bool:
    return item.module.partition(".")[0] in ("sklearn", "_loss")


class _Always:
    """Every object."""

    def holds(self, item: StoredObject) -> bool:
        """Yes."""
        return bool(item)


_ALWAYS = _Always()
_READ_ONLY_WHERE: dict[tuple[str, str], Condition] = {
    ("ColumnTransformer", "_transformer_to_input_indices"): Present("feature_names_in_"),
    ("SimpleImputer", "keep_empty_features"): Lacks("strategy", ("constant",)),
}
"""(class, key) -> what an object must show for the key to be read: the measurements take away one key at a time.

Sources: ``ColumnTransformer.transform`` (sklearn/compose/_column_transformer.py, 1.0.0) and ``SimpleImputer.transform``
(sklearn/impute/_base.py, 1.2.0).
"""


def missing_keys(case: Case) -> Iterator[Ruling]:
    """A key of its state that the target's code reads and the file's version did not write."""
    if case.sklearn is None:
        return
    struck: dict[tuple[str, str, str], list[StoredObject]] = {}
    for item in case.used:
        if _is_sklearn(item) and case.version_of(item) != case.sklearn:
            for key, letter in _lacking(case, item):
                struck.setdefault((item.name, key, letter), []).append(item)
    for (name, key, letter), items in struck.items():
        yield _missing_key(case, name, key, letter, items)


def _lacking(case: Case, item: StoredObject) -> Iterator[tuple[str, str]]:
    assert case.sklearn is not None
    needs = case.known.needs(item.name, case.sklearn)
    if not needs or not item.state:
        return
    fits = any(key.endswith("_") and not key.startswith("_") for key, letter in needs.items() if letter == "A")
    if fits and not item.fitted:
        return
    own = case.known.needs(item.name, case.version_of(item) or "")
    for key, letter in needs.items():
        if letter == "o" or key in item.state or not _READ_ONLY_WHERE.get((item.name, key), _ALWAYS).holds(item):
            continue
        if letter not in "AM" and key in own:
            continue  # its own version writes the key in some states only: this is another of them
        yield key, letter


def _missing_key(case: Case, name: str, key: str, letter: str, items: list[StoredObject]) -> Ruling:
    version = case.version_of(items[0]) or "an unknown version"
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    does = {
        "A": "it loads and then fails when it is asked",
        "M": "it loads and then fails when it is asked",
        "S": "it loads and may then fail when it is asked",
        "D": "it loads and answers something else, without an error",
    }[letter]
    return ruling(
        Verdict.RISKY if letter == "S" else Verdict.INCOMPATIBLE,
        "sklearn-mismatch",
        f"{does}: scikit-learn {case.sklearn} ({case.target.origin}) reads {name}.{key}, which {items[0].where}{more}, "
        f"saved by scikit-learn {version}, does not have",
        case.pin,
        Proof.ANSWERED_THE_SAME if letter == "D" else Proof.ANSWERED,
    )


def other_records(case: Case) -> Iterator[Ruling]:
    """The nodes of trees are records, and their fields are compiled into the code that reads them."""
    if case.sklearn is None:
        return
    told: set[str] = set()
    for found in case.found.arrays:
        dtype = found.array.dtype
        expected = case.known.record_fields(found.owner, case.sklearn)
        if dtype is None or not dtype.fields or expected is None or found.owner in told:
            continue
        fields = " ".join(f"{name}:{code.lstrip('<>|=')}" for name, code, _ in dtype.fields)
        if fields == expected:
            continue
        told.add(found.owner)
        here = {name: code.lstrip("<>|=") for name, code, _ in dtype.fields}
        yield _other_record(case, found.owner, here, dict(field.split(":") for field in expected.split()))


def _other_record(case: Case, owner: str, here: dict[str, str], there: dict[str, str]) -> Ruling:
    changed = [f"{name} is missing" for name in there if name not in here]
    changed += [f"{name} is unknown" for name in here if name not in there]
    changed += [
        f"{name} is {here[name]}, not {there[name]}" for name in here if name in there and here[name] != there[name]
    ]
    since = " (scikit-learn 1.3 changed the tree format)" if "missing_go_to_left" in set(here) ^ set(there) else ""
    when = "it does not load" if owner == "Tree" else "it loads and then fails when it is asked"
    return ruling(
        Verdict.INCOMPATIBLE,
        "sklearn-mismatch",
        f"{when}: the tree nodes saved by scikit-learn {case.trained or '?'} have another layout than scikit-learn "
        f"{case.sklearn} ({case.target.origin}) reads{since}: {', '.join(changed[:4]) or 'their order differs'}",
        case.pin,
        Proof.LOADED if owner == "Tree" else Proof.ANSWERED,
    )


@lru_cache(maxsize=256)
def _specifier(text: str) -> SpecifierSet:
    return SpecifierSet(text, prereleases=True)


def known_changes(case: Case) -> Iterator[Ruling]:
    """The table of facts."""
    if case.sklearn is None:
        return
    for fact in FACTS:
        version = case.target.version(fact.package)
        if not version or parsed(version) is None or not _specifier(fact.target).contains(version):
            continue
        struck = [item for item in case.used if _is_of(fact, item) and _strikes(case, fact, item)]
        if struck:
            yield _changed(case, fact, struck)


def _strikes(case: Case, fact: Fact, item: StoredObject) -> bool:
    if not all(condition.holds(item) for condition in fact.shows):
        return False
    if fact.package != "scikit-learn":
        return True
    version = case.version_of(item)
    return version is not None and parsed(version) is not None and _specifier(fact.trained).contains(version)


def _is_of(fact: Fact, item: StoredObject) -> bool:
    if fact.package != "scikit-learn":
        return item.dotted in fact.classes or f"{item.module}.*" in fact.classes
    return item.name in fact.classes and (_is_sklearn(item) or item.module == "functools")


_PROOFS = {
    Effect.LOAD: Proof.LOADED,
    Effect.PREDICT: Proof.ANSWERED,
    Effect.DRIFT: Proof.ANSWERED_THE_SAME,
    Effect.NO_PROBABILITIES: Proof.NONE,
    Effect.MAYBE: Proof.ANSWERED_THE_SAME,
}


def _changed(case: Case, fact: Fact, items: list[StoredObject]) -> Ruling:
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    unpromised = fact.effect is Effect.NO_PROBABILITIES and case.promises_probabilities is False
    return ruling(
        Verdict.RISKY if fact.effect is Effect.MAYBE or unpromised else Verdict.INCOMPATIBLE,
        "sklearn-mismatch" if fact.package == "scikit-learn" else "library-mismatch",
        f"it {fact.effect.value}: {fact.says}. {items[0].where}{more} was saved by scikit-learn "
        f"{case.version_of(items[0])}, {case.target.origin} has {fact.package} {case.target.version(fact.package)}",
        case.pin if fact.package == "scikit-learn" else case.target.amended(_other_than(fact)),
        _PROOFS[fact.effect],
    )


def _other_than(fact: Fact) -> str:
    """The versions that a fact does not strike: the other side of its one bound."""
    bound = fact.target.lstrip("<>=")
    return f"{fact.package}{'>=' if fact.target.startswith('<') else '<'}{bound}"


def ignored_parameters(case: Case) -> Iterator[Ruling]:
    """A parameter that is set to something and that the target's class does not have."""
    if case.sklearn is None:
        return
    told: set[tuple[str, str]] = set()
    for item in case.used:
        version = case.version_of(item)
        there = case.known.parameters(item.name, case.sklearn)
        here = case.known.parameters(item.name, version) if version else None
        if there is None or here is None or not _is_sklearn(item) or version == case.sklearn:
            continue
        for name, default in here.items():
            value = item.state.get(name, default)
            if name in there or (item.name, name) in told or not is_scalar(value) or value == default:
                continue
            told.add((item.name, name))
            yield _ignored(case, item, name, value)


def _ignored(case: Case, item: StoredObject, name: str, value: object) -> Ruling:
    assert case.sklearn is not None
    read = case.known.needs(item.name, case.version_of(item) or "").get(name, "o")
    return ruling(
        Verdict.COMPATIBLE if read == "o" else Verdict.RISKY,
        "sklearn-mismatch",
        f"{item.where} was made with {name}={value!r}, which scikit-learn {case.sklearn} ({case.target.origin}) does "
        "not know",
        case.pin,
    )


def unmeasured(case: Case) -> Iterator[Ruling]:
    """Estimators of which nothing was measured in the target's version are not called compatible across versions."""
    if case.sklearn is None:
        return
    for item in case.used:
        version, here = parsed(case.version_of(item) or ""), parsed(case.sklearn)
        if not item.sklearn_version or not _is_sklearn(item) or version is None or here is None:
            continue
        if version.release[:2] != here.release[:2] and not case.known.needs(item.name, case.sklearn):
            yield ruling(
                Verdict.RISKY,
                "sklearn-unmeasured",
                f"{item.where} was saved by scikit-learn {version}, and nothing is known of how scikit-learn {here} "
                f"({case.target.origin}) reads it",
                f"leave out --no-probe, or {case.pin}",
            )
            return


RULES: tuple[Callable[[Case], Iterator[Ruling]], ...] = (
    missing_keys,
    other_records,
    known_changes,
    ignored_parameters,
    unmeasured,
)
"""In the order in which a person should read them."""
