"""Environments are really built, once, and what cannot be built says why."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from finbehave.domain.environment import EnvironmentSpec
from finbehave.environments.files import read_environment
from finbehave.environments.guests import run_guest
from finbehave.environments.interpreters import find_python, version_of
from finbehave.environments.isolated import ensure_environment
from finbehave.errors import ConfigurationError, EnvironmentImpossible, GuestFailed, NoNetwork

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.interpreter("3.8")
def test_the_runbooks_environment_is_built_once_and_holds_its_pins(cache):
    spec = read_environment(str(Path(__file__).parents[2] / "environment.yml"))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: ensure_environment(spec, cache=cache), range(2))
    assert first == second
    assert first.python.startswith("3.8.")
    assert first.packages["scikit-learn"] == "1.1.3"
    assert ensure_environment(spec, cache=cache, offline=True) == first


def test_offline_an_environment_that_is_not_built_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    spec = EnvironmentSpec("requirements.txt", THIS, ("scikit-learn",))
    with pytest.raises(NoNetwork) as caught:
        ensure_environment(spec, cache=tmp_path / "cache", offline=True)
    assert caught.value.exit_status == 9


def test_without_a_network_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    spec = EnvironmentSpec("requirements.txt", THIS, ("scikit-learn",))
    with pytest.raises(NoNetwork):
        ensure_environment(spec, cache=tmp_path / "cache")


def test_an_environment_without_scikit_learn_is_refused(tmp_path):
    with pytest.raises(EnvironmentImpossible) as caught:
        ensure_environment(EnvironmentSpec("requirements.txt", THIS, ("numpy",)), cache=tmp_path)
    assert "add scikit-learn" in caught.value.remedy


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(ConfigurationError) as caught:
        ensure_environment(EnvironmentSpec("x", THIS, ("scikit-learn",)), cache=tmp_path / "cache")
    assert "FINBEHAVE_CACHE" in caught.value.remedy


def test_this_python_is_found_and_a_version_that_is_none_is_refused():
    assert version_of(find_python(THIS)).startswith(THIS + ".")
    with pytest.raises(ConfigurationError):
        find_python("three")


def test_a_guest_tells_what_is_installed_beside_it():
    found = run_guest(Path(sys.executable), "inventory.py", {"names": ["scikit-learn"]})
    assert {"scikit-learn", "numpy", "scipy", "joblib"} <= set(found["packages"])
    assert "typer" not in found["packages"]


def test_a_guest_that_takes_too_long_is_ended_and_it_is_said():
    with pytest.raises(GuestFailed) as caught:
        run_guest(Path(sys.executable), "inventory.py", {"names": None}, timeout=0.01)
    assert caught.value.kind == "timeout"


def test_a_guest_never_sees_our_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("FINBEHAVE_KEY", "secret-of-ours")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret-of-ours")
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/seen\nexec {sys.executable} "$@"\n')
    spy.chmod(0o755)
    run_guest(spy, "inventory.py", {"names": []})
    assert "secret-of-ours" not in (tmp_path / "seen").read_text()
