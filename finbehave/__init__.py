"""Carry a scikit-learn model on financial-behaviour data from a file to a live, revertible endpoint.

Every verb of the command line is a function here, by the same name: ``finbehave.train(...)``, ``finbehave.deploy()``.
Each returns a frozen dataclass with the contract's keys, prints nothing, and raises the errors of ``finbehave.errors``.
A verb is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from finbehave.version import __version__ as __version__

if TYPE_CHECKING:
    from finbehave.settings import Settings, load_settings
    from finbehave.workflows.batch import invoke_file
    from finbehave.workflows.check_compat import check_compat
    from finbehave.workflows.config import config
    from finbehave.workflows.delete import delete
    from finbehave.workflows.deploy import deploy
    from finbehave.workflows.doctor import doctor
    from finbehave.workflows.drill import drill, list_drills
    from finbehave.workflows.invoke import invoke
    from finbehave.workflows.keys import rotate_key, show_keys
    from finbehave.workflows.logs import logs
    from finbehave.workflows.models import archive_model, download_model, list_models, show_model
    from finbehave.workflows.pipeline import pipeline
    from finbehave.workflows.prepare import prepare
    from finbehave.workflows.register import register
    from finbehave.workflows.rollback import rollback
    from finbehave.workflows.sample import sample
    from finbehave.workflows.start import start
    from finbehave.workflows.status import status
    from finbehave.workflows.stop import stop
    from finbehave.workflows.traffic import mirror_traffic, set_traffic, show_ledger, show_traffic
    from finbehave.workflows.train import train
    from finbehave.workflows.troubleshoot import troubleshoot
    from finbehave.workflows.validate import validate

__all__ = [
    "Settings",
    "archive_model",
    "check_compat",
    "config",
    "delete",
    "deploy",
    "doctor",
    "download_model",
    "drill",
    "invoke",
    "invoke_file",
    "list_drills",
    "list_models",
    "load_settings",
    "logs",
    "mirror_traffic",
    "pipeline",
    "prepare",
    "register",
    "rollback",
    "rotate_key",
    "sample",
    "set_traffic",
    "show_keys",
    "show_ledger",
    "show_model",
    "show_traffic",
    "start",
    "status",
    "stop",
    "train",
    "troubleshoot",
    "validate",
]

_ROOMS = {
    "Settings": "settings",
    "load_settings": "settings",
    "invoke_file": "workflows.batch",
    "list_drills": "workflows.drill",
    **dict.fromkeys(("rotate_key", "show_keys"), "workflows.keys"),
    **dict.fromkeys(("archive_model", "download_model", "list_models", "show_model"), "workflows.models"),
    **dict.fromkeys(("mirror_traffic", "set_traffic", "show_ledger", "show_traffic"), "workflows.traffic"),
}
"""Where a name lives that is not the name of its own file in ``workflows``."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'finbehave' has no attribute {name!r}")
    return getattr(import_module(f"finbehave.{_ROOMS.get(name, f'workflows.{name}')}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
