"""Reading what an environment is to hold: conda and requirements files, curated images, and ``sklearn==1.5.2``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from finbehave.domain.environment import EnvironmentSpec
from finbehave.environments.curated import curated_environment, looks_curated
from finbehave.environments.releases import numpy_beside
from finbehave.errors import ConfigurationError, NotFound

CONDA_ONLY = frozenset(
    """
    pip setuptools wheel openssl ca-certificates certifi-bundle libgomp libgcc-ng libstdcxx-ng libffi zlib xz
    bzip2 sqlite readline ncurses tk ld_impl_linux-64 _libgcc_mutex _openmp_mutex mkl mkl-service blas libblas
    libcblas liblapack libopenblas openblas intel-openmp llvm-openmp nodejs git make gcc gxx compilers
    """.split()
)
"""Packages of conda that no Python wheel is needed for: libraries that wheels carry inside, and tools."""

CONDA_NAMES = {"pytorch": "torch", "py-xgboost": "xgboost", "py-lightgbm": "lightgbm", "sklearn": "scikit-learn"}
"""conda's name -> the package index's, where they differ."""

_CONDA = re.compile(r"(?:[\w.-]+::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?P<spec>[=<>!~][^\[]*)?(?:\[.*\])?")
_PIN = r"[A-Za-z0-9_.-]+\s*(?:==|=|~=|>=|<=|<)\s*\d[\w.*]*"
_SHORTHAND = re.compile(rf"{_PIN}(?:[\s,]+{_PIN})*")


def read_environment(text: str) -> EnvironmentSpec:
    """What a person named with ``--environment``: a file, a curated image, or versions such as ``sklearn==1.5.2``.

    Raises:
        NotFound: no such file or curated image.
        ConfigurationError: a file that is none, or a line that is no requirement; it is named.
    """
    path = Path(text)
    if path.is_file():
        return _read_file(path)
    if looks_curated(text):
        return curated_environment(text)
    if _SHORTHAND.fullmatch(text.strip()):
        return _of_shorthand(text)
    raise NotFound(
        f"there is no environment {text}: no such file, and no curated image of that name",
        remedy="name a conda or requirements file, a curated image (sklearn-1.5), or versions (sklearn==1.5.2)",
    )


def _of_shorthand(text: str) -> EnvironmentSpec:
    """Versions only: what else a package's rows need, the newest that fits."""
    spec = _of_conda_lines(text, re.split(r"[,\s]+(?=[A-Za-z])", text.strip()))
    lines = {re.split(r"[=<>~! ]", line)[0]: line for line in spec.requirements}
    sklearn = re.search(r"==(\d+)\.(\d+)(?:\.(\d+))?", lines.get("scikit-learn", ""))
    release = tuple(map(int, sklearn.groups(default="0"))) if sklearn else None
    numpy = numpy_beside(release) if release else ""
    more = [f"numpy{numpy}"] if numpy and "numpy" not in lines else []
    more += ["pandas"] if "pandas" not in lines else []
    return EnvironmentSpec(text, spec.python, (*spec.requirements, *more))


def _read_file(path: Path) -> EnvironmentSpec:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", remedy=f"mend {path}") from error
    if path.suffix in (".yml", ".yaml"):
        return _of_conda(path, content)
    return EnvironmentSpec(str(path), None, tuple(_requirement_lines(path, content)))


def _of_conda(path: Path, content: str) -> EnvironmentSpec:
    import yaml

    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is no YAML: {error}", remedy=f"mend {path}") from error
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        raise ConfigurationError(
            f"{path} has no list of dependencies", remedy="write it as conda does: dependencies: [python=3.11, …]"
        )
    lines = [str(one) for one in dependencies if not isinstance(one, dict)]
    spec = _of_conda_lines(str(path), lines)
    return EnvironmentSpec(spec.origin, spec.python, (*spec.requirements, *_pip_lines(path, dependencies)))


def _pip_lines(path: Path, dependencies: list[Any]) -> Iterator[str]:
    for one in dependencies:
        if isinstance(one, dict) and isinstance(one.get("pip"), list):
            yield from _requirement_lines(path, "\n".join(map(str, one["pip"])))


def _of_conda_lines(origin: str, lines: list[str]) -> EnvironmentSpec:
    python, requirements = None, []
    for line in lines:
        match = _CONDA.fullmatch(line.strip())
        if match is None:
            raise ConfigurationError(f"{origin} has a line that is no package: {line}", remedy=f"mend it in {origin}")
        name = match["name"].lower()
        versions = ",".join(_conda_version(part) for part in (match["spec"] or "").replace(" ", "").split(",") if part)
        if name == "python":
            python = _python_of(versions)
        elif name not in CONDA_ONLY:
            requirements.append(f"{CONDA_NAMES.get(name, name)}{versions}")
    return EnvironmentSpec(origin, python, tuple(requirements))


def _conda_version(part: str) -> str:
    """Conda's ``=1.1`` means any 1.1; ``=1.1.3=build`` names a build, which wheels do not have."""
    match = re.fullmatch(r"(==|=|>=|<=|!=|~=|<|>)([\w.*+!]+)(?:=\w+)?", part)
    if match is None:
        return part
    operator, version = match.groups()
    if operator == "=":
        exact = version.count(".") >= 2 and "*" not in version
        return f"=={version}" if exact else f"=={version.rstrip('.*')}.*"
    return f"{operator}{version}"


def _python_of(versions: str) -> str | None:
    match = re.search(r"(?:==|~=|>=)(3\.\d+(?:\.\d+)?)", versions)
    return match[1] if match else None


def _requirement_lines(path: Path, content: str) -> Iterator[str]:
    for raw in content.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).split(" --hash")[0].strip()
        if line.startswith(("-r ", "--requirement ")):
            nested = path.parent / line.split(maxsplit=1)[1]
            if not nested.is_file():
                raise NotFound(f"{path} names {nested}, which is not there", remedy=f"mend the line in {path}")
            yield from _requirement_lines(nested, nested.read_text(encoding="utf-8-sig"))
        elif line and not line.startswith("-"):
            yield _checked(path, line)


def _checked(path: Path, line: str) -> str:
    try:
        Requirement(line)
    except InvalidRequirement as error:
        raise ConfigurationError(
            f"{path} has a line that is no requirement: {line} ({error})", remedy=f"mend the line in {path}"
        ) from error
    return line
