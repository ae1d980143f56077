"""What train makes of a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy
import pytest

from finbehave.domain.manifest import FeatureKind, Task
from finbehave.environments.files import read_environment
from finbehave.errors import ConfigurationError, DataRefused, NotFound, UsageError
from finbehave.packaging.package import read_package
from finbehave.settings import Settings
from finbehave.workflows.train import train

from .conftest import Save, Trained, customers, options


def test_a_package_comes_out_whole_and_its_golden_records_hold(trained: Trained) -> None:
    package, result = trained.package, trained.result
    assert result.package == trained.out
    assert package.manifest.task is Task.BINARY
    assert package.manifest.classes == (0, 1)
    assert {feature.name: feature.kind for feature in package.manifest.features} == {
        "balance": FeatureKind.NUMBER,
        "cards": FeatureKind.INTEGER,
        "region": FeatureKind.CATEGORY,
        "opened": FeatureKind.DATE,
        "app_user": FeatureKind.BOOLEAN,
        "<b>$spend$</b>": FeatureKind.NUMBER,
    }
    assert 0.65 < result.metrics["roc_auc"] < 0.97
    assert result.metrics["log_loss"] < result.baseline["log_loss"]
    assert result.baseline["roc_auc"] == 0.5
    assert result.spread["roc_auc"] > 0
    assert result.rows == 600
    assert trained.watch.named("golden records in a fresh process").status.value == "passed"
    lock = (trained.out / "requirements.txt").read_text()
    assert f"scikit-learn=={result.environment.packages['scikit-learn']}" in lock
    assert "typer" not in lock


def test_golden_rows_are_requests_with_gaps_among_them(trained: Trained) -> None:
    golden = trained.package.golden
    assert golden.probabilities is not None
    assert any(None in row.values() for row in golden.rows)
    assert all(isinstance(row["app_user"], bool) and len(row["opened"]) == 10 for row in golden.rows)
    positive = [answer[1] for answer in golden.probabilities]
    assert max(positive) - min(positive) > 0.3


def test_the_environment_file_holds_what_the_lock_pins(trained: Trained) -> None:
    spec, lock = read_environment(str(trained.out / "environment.yml")), trained.package.environment
    assert spec.python == lock.python
    assert {"scikit-learn", "numpy", "scipy", "pandas", "joblib"} == {line.split("==")[0] for line in spec.requirements}
    assert set(spec.requirements) <= set(lock.requirements)


def test_the_same_file_gives_the_same_digest_and_another_seed_does_not(
    trained: Trained, settings: Settings, tmp_path: Path
) -> None:
    train(trained.data, "late", out=tmp_path / "again", settings=settings)
    assert read_package(tmp_path / "again").digest == trained.package.digest
    other = settings.model_copy(update={"random_state": 1})
    train(trained.data, "late", out=tmp_path / "other", settings=other)
    assert read_package(tmp_path / "other").digest != trained.package.digest


@pytest.mark.parametrize(
    ("target", "task", "keys"),
    [
        ("region", Task.MULTICLASS, {"accuracy", "log_loss", "roc_auc"}),
        ("balance", Task.REGRESSION, {"r2", "mae", "rmse"}),
    ],
)
def test_classes_of_text_and_quantities_are_learnt_too(
    save: Save, settings: Settings, tmp_path: Path, target: str, task: Task, keys: set[str]
) -> None:
    frame = customers()
    frame = frame[frame[target].notna()]
    result = train(save(frame), target, out=tmp_path / "model", settings=settings)
    manifest = read_package(tmp_path / "model").manifest
    assert manifest.task is task
    assert manifest.threshold is None
    assert keys <= set(result.metrics)
    if task is Task.REGRESSION:
        assert result.metrics["rmse"] < result.baseline["rmse"]


def test_by_time_the_last_rows_are_held_out_and_the_time_is_no_feature(
    save: Save, settings: Settings, tmp_path: Path
) -> None:
    frame = customers(2000)
    frame["seen"] = numpy.random.default_rng(1).permutation(len(frame)) + 0.5
    recent = frame["seen"] > 1600
    frame.loc[recent, "late"] = 1 - frame.loc[recent, "late"]  # the world has turned since
    turned = train(save(frame), "late", out=tmp_path / "a", time_column="seen", settings=settings, **options())
    mixed = train(save(frame), "late", out=tmp_path / "b", drop=["seen"], settings=settings, **options())
    assert turned.metrics["roc_auc"] < 0.4 < 0.55 < mixed.metrics["roc_auc"]
    assert turned.dropped == {"seen": "puts the rows in order"}
    assert "seen" not in turned.features


def test_a_threshold_follows_the_cost_of_a_miss(trained: Trained) -> None:
    assert trained.result.threshold is not None
    assert 0.05 < trained.result.threshold < 0.35  # a miss costs five false alarms: one in six
    assert trained.result.metrics["recall"] > 0.7


def test_an_older_package_stays_when_training_fails(
    trained: Trained, save: Save, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    shutil.copytree(trained.out, out)
    with pytest.raises(DataRefused):
        train(save(customers().assign(late=1)), "late", out=out, settings=settings)
    assert read_package(out).digest == trained.package.digest
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".model")] == []


def test_what_cannot_be_is_refused_before_the_work(save: Save, settings: Settings, tmp_path: Path) -> None:
    data = save(customers())
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letters.txt").write_text("dear")
    with pytest.raises(UsageError, match="no model package"):
        train(data, "late", out=tmp_path / "taken", settings=settings)
    with pytest.raises(UsageError, match="no candidate 'forest'"):
        train(data, "late", candidates=["forest"], settings=settings)
    with pytest.raises(UsageError, match="does not measure a binary target"):
        train(data, "late", metric="rmse", out=tmp_path / "x", settings=settings)
    with pytest.raises(UsageError, match="no model name"):
        train(data, "late", model_name="a/b", settings=settings)
    with pytest.raises(NotFound):
        train(tmp_path / "none.csv", "late", out=tmp_path / "x", settings=settings)
    with pytest.raises(DataRefused, match="no column is left"):
        train(data, "late", drop=[c for c in customers() if c != "late"], out=tmp_path / "x", settings=settings)
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_says_so(save: Save, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError) as refused:
        train(save(customers()), "late", out=tmp_path / "file" / "model", settings=settings, **options())
    assert "--out" in refused.value.remedy


def test_the_reference_says_how_training_looked(trained: Trained) -> None:
    reference = json.loads((trained.out / "reference.json").read_text())
    balance, region = reference["features"]["balance"], reference["features"]["region"]
    assert balance["rows"] == region["rows"] == 480
    assert balance["shares"][-1] == 1.0
    assert balance["points"] == sorted(balance["points"])
    assert sum(region["counts"].values()) + region["missing"] == 480
    assert sum(reference["predictions"]["classes"].values()) == 120
