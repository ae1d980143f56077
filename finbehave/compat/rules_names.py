"""Rules on what a file imports and how it is written: names, packages, Python, joblib, numpy's generators."""

from __future__ import annotations

from collections.abc import Iterator

from finbehave.compat import allowed
from finbehave.compat.case import Case, Proof, Ruling, ruling
from finbehave.compat.knowledge import PACKAGES, parsed
from finbehave.compat.symbols import Symbol
from finbehave.domain.compat import Verdict

_CODES = {"scikit-learn": "sklearn-mismatch", "numpy": "numpy-abi"}
_TOP = {package: distribution for distribution, package in PACKAGES.items()}


def names_that_do_not_import(case: Case) -> Iterator[Ruling]:
    """A global that the target's version of its package does not have: loading stops there."""
    missing: dict[str, list[Symbol]] = {}
    for symbol in case.found.globals:
        package = "sklearn" if symbol.module == "_loss" else symbol.module.partition(".")[0]
        distribution = _TOP.get(package)
        version = case.target.version(distribution) if distribution else None
        if distribution and version and _lacks(case, package, version, symbol):
            missing.setdefault(distribution, []).append(symbol)
    for distribution, symbols in missing.items():
        yield _missing_names(case, distribution, symbols)


def _lacks(case: Case, package: str, version: str, symbol: Symbol) -> bool:
    name = symbol.name.partition(".")[0]
    if case.known.importable(package, version, symbol.module, name) is False:
        return True
    written = case.trained if package == "sklearn" else None
    return bool(
        written
        and case.known.importable(package, version, symbol.module, name) is None
        and case.known.importable(package, written, symbol.module, name)
    )


def _missing_names(case: Case, distribution: str, symbols: list[Symbol]) -> Ruling:
    first, version = symbols[0], case.target.version(distribution)
    more = f" and {len(symbols) - 1} more" if len(symbols) > 1 else ""
    who = f"scikit-learn {case.trained}" if case.trained and distribution == "scikit-learn" else "what saved the file"
    has = case.known.known_in(PACKAGES[distribution], first.module, first.name)
    span = f"; {distribution} {has[0]} to {has[-1]} have it" if len(has) > 1 else (f"; {has[0]} has it" if has else "")
    remedy = case.pin if distribution == "scikit-learn" else _pin_other(case, distribution, [str(v) for v in has])
    return ruling(
        Verdict.INCOMPATIBLE,
        _CODES.get(distribution, "library-mismatch"),
        f"it does not load: {first.dotted}{more}, written by {who}, is not in {distribution} {version} "
        f"({case.target.origin}){span}",
        remedy,
        Proof.LOADED,
    )


def _pin_other(case: Case, distribution: str, has: list[str]) -> str:
    if recorded := case.packages.get(distribution):
        return case.target.amended(f"{distribution}=={recorded}") + ", with which it was made"
    if has:
        return case.target.amended(f"{distribution}>={has[0]},<={has[-1]}")
    return case.target.amended(f"the {distribution} that it was made with")


_BUNDLED = {"sklearn.externals.joblib": "0.23", "sklearn.externals.six": "0.23"}
"""What scikit-learn carried inside -> the first version without it."""


def bundled_packages(case: Case) -> Iterator[Ruling]:
    """Old scikit-learn's own copies of other packages, which went."""
    version = parsed(case.sklearn or "")
    for module, gone in _BUNDLED.items():
        last = parsed(gone)
        written = [s for s in case.found.globals if s.module == module or s.module.startswith(module + ".")]
        if written and version is not None and last is not None and version >= last:
            yield ruling(
                Verdict.INCOMPATIBLE,
                "sklearn-mismatch",
                f"it does not load: it was saved through {module}, the copy that scikit-learn carried before {gone}, "
                f"and {case.target.origin} has {version}"
                + (f". The file was saved by scikit-learn {case.trained}" if case.trained else ""),
                "load it where it was made and save it again with joblib.dump of the package joblib, or: " + case.pin,
                Proof.LOADED,
            )


def packages_that_are_not_there(case: Case) -> Iterator[Ruling]:
    """Packages that the file's classes come from, and the target lacks or may have in another version."""
    tops = {symbol.module.partition(".")[0] for symbol in case.found.globals}
    if any(symbol.module.startswith(("sklearn.", "_loss")) for symbol in case.found.globals):
        tops.add("sklearn")
    if case.found.kind == "joblib":
        tops.add("joblib")
    for top in sorted(tops):
        distribution = allowed.DISTRIBUTIONS.get(top)
        if distribution is None:
            continue
        if not _present(case, distribution):
            yield ruling(
                Verdict.INCOMPATIBLE,
                "missing-package",
                f"it needs the package {distribution}, which {case.target.origin} does not have",
                case.target.extended(f"{distribution}{_recorded(case, distribution)}"),
                Proof.LOADED,
            )
        elif distribution not in PACKAGES and distribution not in ("cloudpickle", "dill"):
            yield from _other_library(case, distribution)


def _present(case: Case, distribution: str) -> bool:
    return distribution in case.target.packages


def _recorded(case: Case, distribution: str) -> str:
    version = case.packages.get(distribution)
    return f"=={version}" if version else ""


def _other_library(case: Case, distribution: str) -> Iterator[Ruling]:
    here, made = case.target.version(distribution), case.packages.get(distribution)
    if made is not None and made == here:
        return
    if made is None:
        what = f"the file does not record which {distribution} wrote it, and {case.target.origin} has {here or 'some'}"
    else:
        what = f"it was made with {distribution} {made}, and {case.target.origin} has {here or 'some other'}"
    yield ruling(
        Verdict.RISKY,
        "library-mismatch",
        f"{what}: its classes keep their state in other forms from one version to the next",
        case.target.amended(f"the {distribution} of its training environment")
        + ("" if case.target.complete else ", then leave out --no-probe"),
    )


def pickle_protocol(case: Case) -> Iterator[Ruling]:
    """Protocol 5 came with Python 3.8."""
    newest = max([*case.found.protocols, *case.found.nested_protocols], default=0)
    python = case.target.python_minor
    if newest >= 5 and python is not None and python < (3, 8):
        yield ruling(
            Verdict.INCOMPATIBLE,
            "python-version",
            f"it does not load: it is written in pickle protocol 5, and {case.target.origin} has Python "
            f"{case.target.python}",
            "use Python 3.8 or later there, or save it again with joblib.dump(model, path, protocol=4)",
            Proof.LOADED,
        )


def joblib_alignment(case: Case) -> Iterator[Ruling]:
    """Joblib >= 1.2 pads arrays; older code takes the padding for data, and data for pickle opcodes."""
    version = parsed(case.target.version("joblib") or "")
    if case.found.aligned and version is not None and version.release[:2] < (1, 2):
        yield ruling(
            Verdict.INCOMPATIBLE,
            "library-mismatch",
            f"it does not load: joblib 1.2 or later wrote it with padded arrays, and joblib {version} "
            f"({case.target.origin}) loses its way in them",
            case.target.amended("joblib>=1.2") + ", or save it with pickle.dump",
            Proof.LOADED,
            runnable=False,
        )


def lz4_package(case: Case) -> Iterator[Ruling]:
    """Joblib leaves lz4 to a package of its own."""
    if case.found.compression == "lz4" and (case.target.complete or case.target.declared) and not _present(case, "lz4"):
        yield ruling(
            Verdict.INCOMPATIBLE,
            "missing-package",
            f"it does not load: it is compressed with lz4, and {case.target.origin} does not have the package lz4",
            case.target.extended("lz4") + ", or save it again with joblib.dump(model, path, compress=3)",
            Proof.LOADED,
        )


_GENERATOR_CALLS = ("numpy.random._pickle.__randomstate_ctor", "numpy.random._pickle.__generator_ctor")
_GENERATOR_CLASSES = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def random_generators(case: Case) -> Iterator[Ruling]:
    """Numpy 1.24 gave its generators' unpicklers a second argument, numpy 2 writes the class instead of its name."""
    version = parsed(case.target.version("numpy") or "")
    if version is None:
        return
    by_class = any(s.module.startswith("numpy.random._") and s.name in _GENERATOR_CLASSES for s in case.found.globals)
    two = any(2 in case.found.called.get(name, ()) for name in _GENERATOR_CALLS)
    if by_class and version.major < 2:
        wrote, needs = "numpy 2 or later", "numpy>=2"
    elif two and version.release[:2] < (1, 24):
        wrote, needs = "numpy 1.24 or later", "numpy>=1.24"
    else:
        return
    yield ruling(
        Verdict.INCOMPATIBLE,
        "numpy-abi",
        f"it does not load: it keeps a random generator that {wrote} wrote, and {case.target.origin} has numpy "
        f"{version}",
        case.target.amended(needs) + ", or train with random_state set to a number",
        Proof.LOADED,
    )


_ARGUMENTS_OF_CODE = {15: ((3, 6), (3, 7)), 16: ((3, 8), (3, 10)), 18: ((3, 11), (3, 99))}
"""How many arguments ``types.CodeType`` takes -> the first and last Python (its signature in each release)."""


def code_by_value(case: Case) -> Iterator[Ruling]:
    """Cloudpickle and dill keep bytecode, which belongs to one minor version of Python."""
    counts = case.found.called.get("types.CodeType") or case.found.called.get("builtins.code") or frozenset()
    python = case.target.python_minor
    if not counts or python is None:
        return
    spans = [_ARGUMENTS_OF_CODE[count] for count in counts if count in _ARGUMENTS_OF_CODE]
    made = parsed(case.python) if case.python else None
    if any(not first <= python <= last for first, last in spans) or (made and (made.major, made.minor) != python):
        yield ruling(
            Verdict.INCOMPATIBLE,
            "python-version",
            f"it holds code compiled by another Python than {case.target.python} ({case.target.origin}): loading it "
            "fails or crashes the process",
            "use the Python that it was saved with, or move the function into a module that is installed",
            Proof.ANSWERED,
            runnable=False,
        )
    elif python >= (3, 11) and made is None:
        yield ruling(
            Verdict.RISKY,
            "python-version",
            "it holds code compiled by Python 3.11 or later, and another minor version than its own crashes on it",
            "use the Python that it was saved with, or move the function into a module that is installed",
            Proof.ANSWERED,
        )


_CLOUDPICKLE_NAMES = {"_class_setstate": "3.0", "_function_setstate": "3.0", "_make_function": "2.0"}
"""Names in ``cloudpickle.cloudpickle`` -> the first version with them."""


def cloudpickle_version(case: Case) -> Iterator[Ruling]:
    """Cloudpickle's own helpers moved between its versions."""
    version = parsed(case.target.version("cloudpickle") or "")
    for symbol in case.found.globals:
        first = _CLOUDPICKLE_NAMES.get(symbol.name) if symbol.module == "cloudpickle.cloudpickle" else None
        if first and version is not None and version < (parsed(first) or version):
            yield ruling(
                Verdict.INCOMPATIBLE,
                "library-mismatch",
                f"it does not load: {symbol.dotted} came with cloudpickle {first}, and {case.target.origin} has "
                f"{version}",
                case.target.amended(f"cloudpickle>={first}"),
                Proof.LOADED,
            )
            return
