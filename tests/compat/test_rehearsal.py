"""A package is served as Azure would serve it, before Azure does."""

from __future__ import annotations

import joblib
import pytest

from finbehave.domain.compat import Verdict
from finbehave.errors import IncompatibleModel, UsageError
from finbehave.workflows import rehearsing
from finbehave.workflows.check_compat import check_compat


def test_a_package_becomes_ready_answers_its_golden_records_and_fits_the_machine(package, settings):
    result = check_compat(str(package), rehearse=True, settings=settings.model_copy(update={"workers": 3}))
    rehearsal = result.rehearsals[0]
    assert result.verdict is Verdict.COMPATIBLE
    assert rehearsal.error is None
    assert 0 < rehearsal.seconds_to_ready < rehearsal.seconds_allowed == 310
    assert rehearsal.differing == 0
    assert rehearsal.latency_ms > 0
    assert 50 < rehearsal.memory_mib <= rehearsal.memory_needed_mib < rehearsal.memory_allowed_mib
    assert (rehearsal.workers, rehearsal.memory_needed_mib) == (3, 3 * rehearsal.memory_mib)


def test_a_package_that_is_not_ready_within_the_probes_is_stopped_here(package, settings, monkeypatch):
    monkeypatch.setattr(rehearsing, "ALLOWED", 0.2)
    with pytest.raises(IncompatibleModel) as caught:
        check_compat(str(package), rehearse=True, settings=settings)
    assert "did not become ready within 0.2 s" in caught.value.message
    assert caught.value.remedy.startswith("finbehave check-compat")
    assert caught.value.result.rehearsals[0].ready is False


def test_a_bare_file_has_to_be_registered_first(tmp_path, pipeline, settings):
    joblib.dump(pipeline, tmp_path / "model.joblib")
    with pytest.raises(UsageError) as caught:
        check_compat(str(tmp_path / "model.joblib"), rehearse=True, settings=settings)
    assert "finbehave register" in caught.value.remedy
