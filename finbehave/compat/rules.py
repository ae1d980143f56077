"""The engine: every rule on one case, and the verdict that they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from finbehave.compat import rules_names, rules_state, rules_target
from finbehave.compat.case import Case, Proof, Ruling, ruling
from finbehave.compat.knowledge import parsed
from finbehave.compat.safety import Judged, Standing, judge_globals
from finbehave.domain.compat import Verdict

Rule = Callable[[Case], Iterator[Ruling]]


def unreadable(case: Case) -> Iterator[Ruling]:
    """It is no model, or could not be read to the end."""
    if case.found.problem is not None:
        code, message, remedy = case.found.problem
        yield ruling(Verdict.UNKNOWN, code, message, remedy, Proof.NONE, runnable=False)


_DATA = ("pandas", "numpy", "pyarrow", "builtins", "collections", "datetime")


def data_alone(case: Case) -> Iterator[Ruling]:
    """It can be read, and nothing in it predicts or transforms."""
    found = case.found
    if found.problem is not None or not found.root:
        return
    if all(item.module.partition(".")[0] in _DATA for item in found.objects):
        yield ruling(
            Verdict.UNKNOWN, "not-a-model",
            f"{found.path.name} holds {_article(found.root)}: data, and nothing that predicts or transforms",
            "name the file of the fitted model, as joblib.dump(model, 'model.joblib') writes it", Proof.NONE,
            runnable=False,
        )  # fmt: skip


def _article(words: str) -> str:
    return words if words.startswith(("a ", "an ")) else f"a {words}"


def safety(case: Case) -> Iterator[Ruling]:
    """What it would run."""
    for danger in case.found.dangers:
        yield ruling(
            Verdict.UNSAFE,
            "unsafe-pickle",
            f"it would run code when it is loaded: {danger}",
            _NEVER,
            Proof.NONE,
            runnable=False,
        )
    judged = judge_globals(case.found, case.trusted, case.target.packages)
    by_standing = {standing: [j for j in judged if j.standing is standing] for standing in Standing}
    if dangerous := by_standing[Standing.DANGEROUS]:
        yield ruling(
            Verdict.UNSAFE, "unsafe-pickle",
            f"it would run code when it is loaded: it names {_listed(dangerous)}, which no model needs",
            _NEVER, Proof.NONE, runnable=False,
        )  # fmt: skip
    if missing := by_standing[Standing.MISSING]:
        yield _missing_code(missing)
    if unknown := by_standing[Standing.UNKNOWN]:
        yield _unknown_code(case, unknown)
    for oddity in case.found.oddities if not _explained(case, by_standing[Standing.UNKNOWN]) else ():
        yield ruling(
            Verdict.UNKNOWN,
            "unknown-pickle",
            f"it cannot be followed to the end: {oddity}",
            _LOOK,
            Proof.NONE,
            runnable=False,
        )


_NEVER = (
    "do not load it; ask whoever made it for a model saved from a clean environment, or train it anew: finbehave train"
)
_LOOK = "save the model again from its training environment with joblib.dump(model, 'model.joblib')"


def _listed(judged: list[Judged]) -> str:
    names = [j.symbol.dotted for j in judged]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _explained(case: Case, unknown: list[Judged]) -> bool:
    """Cloudpickle and dill call what they have made; whoever trusts them has answered for it."""
    return bool(unknown) or any(name.partition(".")[0] in ("cloudpickle", "dill") for name in case.trusted)


def _missing_code(missing: list[Judged]) -> Ruling:
    first = missing[0].symbol
    script = first.module in ("__main__", "__mp_main__")
    where = "the script or notebook that saved it" if script else f"the module {first.module.partition('.')[0]}"
    return ruling(
        Verdict.INCOMPATIBLE, "missing-class",
        f"it does not load elsewhere: {_listed(missing)} is code of {where}, which is neither in the file nor in any "
        "package",
        f"move {first.name} into a module, put that into a package of the environment, import it from there and save "
        "the model again" + ("" if script else f"; if the target has it, add --trust {first.module.partition('.')[0]}"),
        Proof.NONE, runnable=False,
    )  # fmt: skip


def _unknown_code(case: Case, unknown: list[Judged]) -> Ruling:
    modules = sorted({j.symbol.module.partition(".")[0] for j in unknown})
    code = ""
    if any(module in ("cloudpickle", "dill", "types") for module in modules):
        suspicious = sorted(case.found.bytecode & _SUSPICIOUS)
        code = "; it carries code of its own" + (f", which uses {', '.join(suspicious[:4])}" if suspicious else "")
    return ruling(
        Verdict.UNKNOWN, "unknown-global",
        f"finbehave does not know {_listed(unknown)} and does not run what it does not know{code}",
        "look at what they do, and if you answer for them: add " + " ".join(f"--trust {name}" for name in modules[:4]),
        Proof.NONE, runnable=False,
    )  # fmt: skip


_SUSPICIOUS = frozenset(
    """os system popen subprocess Popen check_output run socket urlopen requests eval exec compile __import__ open
    getattr setattr globals ctypes pickle base64 b64decode shutil rmtree remove unlink""".split()
)


def versions(case: Case) -> Iterator[Ruling]:
    """Which scikit-learn wrote it, and which will read it."""
    saved = case.found.sklearn_versions
    if len(saved) > 1:
        named = ", ".join(f"{version} ({items[0].where})" for version, items in list(saved.items())[:4])
        yield ruling(
            Verdict.RISKY, "sklearn-mixed", f"its parts were saved by different versions of scikit-learn: {named}",
            "save the model again from the environment that it was trained in",
        )  # fmt: skip
    said = case.packages.get("scikit-learn")
    if said and saved and said not in saved:
        yield ruling(
            Verdict.RISKY, "sklearn-mixed",
            f"its manifest says scikit-learn {said}, and the file itself {case.trained}",
            "make the package again where the model was trained",
        )  # fmt: skip
    if case.trained is None or case.sklearn is None or case.trained == case.sklearn:
        return
    items = saved.get(case.trained)
    read = f"read in the file, {items[0].where}" if items else "said by its manifest"
    yield ruling(
        Verdict.COMPATIBLE, "sklearn-version",
        f"the file was saved by scikit-learn {case.trained} ({read}), and {case.target.origin} has {case.sklearn}: "
        "another version, which warns when it loads",
        case.pin,
    )  # fmt: skip


OLDEST_MEASURED = "0.24"


def distance(case: Case) -> Iterator[Ruling]:
    """Versions beyond what was measured are not called compatible."""
    if case.trained is None or case.sklearn is None or case.trained == case.sklearn:
        return
    saved, here, oldest = parsed(case.trained), parsed(case.sklearn), parsed(OLDEST_MEASURED)
    if saved is None or here is None or oldest is None:
        return
    if min(saved, here) < oldest and saved.release[:2] != here.release[:2]:
        yield ruling(
            Verdict.RISKY, "sklearn-distance",
            f"scikit-learn {min(saved, here)} and {max(saved, here)} lie so far apart that little is known to work",
            case.pin, Proof.NONE,
        )  # fmt: skip
    for version in (case.trained, case.sklearn):
        if not case.known.knows_minor("sklearn", version):
            newest = case.known.versions["sklearn"][-1]
            yield ruling(
                Verdict.RISKY, "sklearn-newer",
                f"nothing is known of scikit-learn {version} (this finbehave knows releases up to {newest})",
                "leave out --no-probe, or upgrade finbehave: pip install -U finbehave",
            )  # fmt: skip


RULES: tuple[Rule, ...] = (
    unreadable,
    data_alone,
    safety,
    rules_names.packages_that_are_not_there,
    rules_names.pickle_protocol,
    rules_names.joblib_alignment,
    rules_names.lz4_package,
    rules_names.bundled_packages,
    rules_names.names_that_do_not_import,
    rules_names.random_generators,
    rules_names.code_by_value,
    rules_names.cloudpickle_version,
    *rules_state.RULES,
    *rules_target.RULES,
    versions,
    distance,
)


def rulings(case: Case) -> tuple[Ruling, ...]:
    """Everything that the rules have to say, the gravest first."""
    found = [one for rule in RULES for one in rule(case)]
    return tuple(sorted(found, key=gravity))


def gravity(one: Ruling) -> tuple[int, int]:
    """Sorts the gravest first, and of those what is met first: at load, when asked, in the answers."""
    return -RANK[one.verdict], one.proof if one.runnable else 0


RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}


def verdict_of(found: tuple[Ruling, ...]) -> Verdict:
    """The gravest verdict; compatible where nothing was found."""
    return max((one.verdict for one in found), key=RANK.__getitem__, default=Verdict.COMPATIBLE)
