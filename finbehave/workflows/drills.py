"""The table of drills: causes that can be brought about on this machine, each as it happens to people, and harmlessly.

A drill spoils a package of its own making, or lets clients misuse a sound one. A model file that is written here in
pickle's own instructions does one thing when it is loaded, and nothing that outlives its process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from finbehave.backends.base import Serving, open_backend
from finbehave.errors import FinbehaveError
from finbehave.packaging.package import MODEL
from finbehave.settings import Settings
from finbehave.workflows.drill_containers import (
    Container,
    conflicting_pins,
    cut_in_a_line,
    not_uploaded,
    with_script,
)

Row = Mapping[str, Any]
Weakness = Literal["fails", "waits", "mumbles"]
"""What ``guest/fragile.py`` can plant into a model; it shows on rows whose ``age`` is above ``WEAK_FROM``."""

WEAK_FROM = 1000
LONGEST_REQUEST = 60.0


@dataclass(frozen=True)
class Clients:
    """Who asks the endpoint of a drill, with a row that its model answers."""

    settings: Settings
    endpoint: str
    row: Row

    @property
    def serving(self) -> Serving:
        """The endpoint as they see it."""
        return open_backend(self.settings).serving

    def ask(self, **changed: Any) -> None:
        """One row, with some values changed. Raises what was answered."""
        self.serving.score(self.endpoint, [{**self.row, **changed}], timeout=LONGEST_REQUEST)


@dataclass(frozen=True)
class Drill:
    """One way in which a cause comes about; ``title`` tells it.

    A drill without ``misuse`` fails while its deployment starts. One with a ``container`` has no endpoint but a log.
    """

    cause: str
    title: str
    spoil: Callable[[Path], None] | None = None
    """Changes the package before it is registered."""
    weakness: Weakness | None = None
    """What is planted into the model."""
    environment: str | None = None
    """Where the deployment runs; None is the package's own environment."""
    loses_model: bool = False
    """The model file is gone when the worker looks for it."""
    patience: float = 120.0
    """Seconds that the deployment has to come up."""
    traffic: bool = True
    misuse: Callable[[Clients], None] | None = None
    """What clients do to a deployment that has come up; raises what they are answered."""
    container: Container | None = None
    """What fails before there is an endpoint, as on Azure."""


# --- spoiled files ------------------------------------------------------------------------------------------


def loading(instructions: bytes) -> Callable[[Path], None]:
    """A model file that is these instructions for pickle."""

    def spoil(package: Path) -> None:
        (package / MODEL).write_bytes(instructions)

    return spoil


def cut_short(package: Path) -> None:
    """The first half of the file."""
    file = package / MODEL
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def pointer(package: Path) -> None:
    """What a repository holds in place of a large file that was not fetched."""
    digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n"
    (package / MODEL).write_text(text, encoding="utf-8")


# --- clients ------------------------------------------------------------------------------------------------


def ask_beyond(clients: Clients) -> None:
    """A row of a kind that training never saw."""
    clients.ask(age=100 * WEAK_FROM)


def ask_and_wait(clients: Clients) -> None:
    """A row that takes longer than a request may."""
    clients.ask(age=WEAK_FROM + 40)


def ask_nonsense(clients: Clients) -> None:
    """Text where a number must be."""
    clients.ask(income="a lot")


def ask_another(clients: Clients) -> None:
    """A deployment that is not there, by the header."""
    clients.serving.score(clients.endpoint, [clients.row], deployment="purple", timeout=LONGEST_REQUEST)


def ask_as_nobody(clients: Clients) -> None:
    """With a key that is none."""
    from pydantic import SecretStr

    stranger = replace(clients, settings=clients.settings.model_copy(update={"key": SecretStr("not-the-key")}))
    stranger.ask()


def ask_at_once(clients: Clients) -> None:
    """A few requests that are as large as may be, while the only worker is busy."""
    with ThreadPoolExecutor(6) as crowd:
        crowd.submit(clients.ask, age=WEAK_FROM + 5)
        large = "x" * (30 << 20)
        waiting = [crowd.submit(clients.ask, account=large) for _ in range(5)]
    refused = [error for one in waiting if isinstance(error := one.exception(), FinbehaveError)]
    if busy := [error for error in refused if error.code == "unavailable"]:
        raise busy[0]


# --- the table ----------------------------------------------------------------------------------------------

OLDER = "scikit-learn==1.2.2"

DRILLS = (
    Drill("sklearn-mismatch", "the image has an older scikit-learn than the model", environment=OLDER),
    Drill(
        "numpy-abi", "the model was saved with numpy 2, the image has numpy 1",
        loading(b"cnumpy._core.numeric\nndarray\n."), environment=OLDER,
    ),
    Drill(
        "python-version", "the model holds a function that another Python compiled",
        loading(b"ctypes\nCodeType\n(" + b"I0\n" * 24 + b"tR."),
    ),
    Drill(
        "library-mismatch", "the model was saved with a pandas that had another layout",
        loading(b"cpandas.core.indexes.numeric\nInt64Index\n."),
    ),
    Drill(
        "missing-package", "the model wraps a library that the image does not have",
        loading(b"cxgboost.sklearn\nXGBClassifier\n."),
    ),
    Drill("missing-class", "the model uses a class of the training notebook", loading(b"c__main__\nRatios\n.")),
    Drill("model-not-found", "the model file was not mounted", loses_model=True),
    Drill("model-corrupt", "the upload of the model was cut short", cut_short),
    Drill("model-is-pointer", "the model was cloned without its large file", pointer),
    Drill("init-failed", "the model raises when it is loaded", loading(b"cbuiltins\nint\n(S'x'\ntR.")),
    Drill(
        "init-timeout", "the model takes too long to load", loading(b"ctime\nsleep\n(I600\ntR."), patience=2.0
    ),
    Drill(
        "out-of-memory", "the model is larger than the memory", loading(b"cbuiltins\nbytearray\n(I1099511627776\ntR.")
    ),
    Drill("segfault", "compiled code reads where nothing is", loading(b"cctypes\nstring_at\n(I0\ntR.")),
    Drill(
        "disk-full", "loading the model writes to a disk that is full",
        loading(b"cjoblib\ndump\n(S'x'\nS'/dev/full'\ntR."),
    ),
    Drill(
        "network-blocked", "loading the model asks a host that its network does not know",
        loading(b"csocket\ngetaddrinfo\n(S'artifacts.example.invalid'\nI443\ntR."),
    ),
    Drill(
        "score-script-missing", "the code was uploaded without its score script", container=with_script(not_uploaded)
    ),
    Drill(
        "score-script-invalid", "the score script does not even parse", container=with_script(cut_in_a_line)
    ),
    Drill("image-build-failed", "the image's pins exclude each other", container=conflicting_pins),
    Drill("run-failed", "a row meets code that cannot take it", weakness="fails", misuse=ask_beyond),
    Drill(
        "response-not-json", "the model answers what JSON has no word for", weakness="mumbles", misuse=ask_beyond
    ),
    Drill("scoring-timeout", "a row takes longer than a request may", weakness="waits", misuse=ask_and_wait),
    Drill("throttled", "clients ask more than can be answered", weakness="waits", misuse=ask_at_once),
    Drill("input-invalid", "a client sends text where a number must be", misuse=ask_nonsense),
    Drill("auth-key", "a client has the wrong key", misuse=ask_as_nobody),
    Drill("endpoint-not-found", "a client asks for a deployment that is not there", misuse=ask_another),
    Drill("no-traffic", "nobody has given the deployment traffic", traffic=False, misuse=Clients.ask),
)  # fmt: skip
