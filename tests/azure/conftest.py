"""The program beside a stand-in for Azure."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from finbehave.backends.azure.environment import built_environment
from finbehave.packaging.package import read_package
from tests.azure.proxy import Proxy
from tests.azure.stand_in import Azure
from tests.azure.stand_in.containers import built, interpreter_of
from tests.conftest import Finbehave


@dataclass
class Cloud(Finbehave):
    """Runs ``finbehave`` with the variables of the contract, and without a rehearsal unless a test is about that."""

    proxy: Proxy | None = None
    workers: str = "1"
    """Of every deployment, which really runs; empty for those of its machine."""

    @property
    def azure(self) -> Azure:
        assert self.proxy is not None
        return self.proxy.azure

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        assert self.proxy is not None
        ours = {"FINBEHAVE_REHEARSAL": "false", "FINBEHAVE_WORKERS": self.workers}
        return super().environment({**self.proxy.environment, **ours, **(more or {})})


@pytest.fixture(scope="session")
def environments(package: Path) -> None:
    """The model's, and its image's."""
    build_environments(package)


def build_environments(package: Path) -> None:
    """What commands would build, which have no way to the package index beside the stand-in."""
    spec = read_package(package).environment
    built(spec)
    interpreter_of(yaml.safe_dump(built_environment(spec).conda))


@pytest.fixture
def cloud(tmp_path: Path, environments: None) -> Iterator[Cloud]:
    """A workspace of Azure ML with nothing in it; that no other host was asked is part of every test."""
    (tmp_path / "service").mkdir()
    azure = Azure(tmp_path / "service")
    proxy = Proxy(azure, tmp_path)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    program = Cloud(tmp_path, proxy=proxy)
    try:
        yield program
        assert azure.refused == []
    finally:
        for process in program.started:
            process.kill()
            process.communicate()
        proxy.shutdown()
        proxy.server_close()
        azure.end()


@pytest.fixture
def live(cloud: Cloud, package: Path, other_package: Path) -> Cloud:
    """Version 1.0.0 is live on blue, and 1.0.1 registered."""
    name = cloud.ok("register", str(package))["name"]
    cloud.ok("deploy", name, "--yes")
    cloud.ok("register", str(other_package))
    return cloud


@pytest.fixture
def named(cloud: Cloud, package: Path, other_package: Path) -> Cloud:
    """With two versions of a model in its registry."""
    cloud.ok("register", str(package))
    cloud.ok("register", str(other_package))
    return cloud
