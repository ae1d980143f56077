"""Training on Azure's machines: the fit runs there as a job, all else here, and the package is the same."""

from __future__ import annotations

import signal
from pathlib import Path

from finbehave.packaging.package import read_package
from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Finbehave

LINEAR = ("--candidates", "linear", "--model-name", "late-payers", "--seed", "1")


def words(data: Path, *more: str) -> tuple[str, ...]:
    return ("train", "--data", str(data), "--target", "late", "--out", "package", *LINEAR, *more)


def test_a_fit_on_a_cluster_gives_the_package_that_this_machine_gives(
    cloud: Cloud, behaviour: Path, package: Path
) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    done = cloud(*words(behaviour, "--compute", "cpu", "-o", "json"))
    assert done.code == 0, str(done)
    here, there = read_package(package), read_package(cloud.folder / "package")
    assert there.digest == here.digest
    assert done.result["metrics"] == here.manifest.metrics
    checks = {one["name"]: one for one in done.json["checks"]}
    assert "cpu, STANDARD_DS3_V2" in checks["machine"]["detail"]
    assert checks["golden records in a fresh process"]["status"] == "passed"
    (job,) = cloud.azure.jobs()
    assert job["computeId"].endswith("/computes/cpu")
    assert "queueSettings" not in job or not job["queueSettings"].get("jobTier")
    assert "ml.azure.com/runs/" + done.result["job"] in done.err
    pins = next(one for path, one in cloud.azure.resources.items() if "/environments/" in path)["properties"]
    assert f"scikit-learn=={there.manifest.packages['scikit-learn']}" in pins["condaFile"]
    assert "azureml-inference-server-http" not in pins["condaFile"]
    assert cloud.ok("register", "package")["version"] == "1.0.0"


def test_a_fit_that_is_left_goes_on_and_the_same_command_finds_it(cloud: Cloud, behaviour: Path) -> None:
    cloud.azure.cluster("spare", "LowPriority")
    asked = words(behaviour, "--compute", "spare", "--spot")
    program = cloud.start(*asked)
    assert program.stderr is not None
    assert any(": https://ml.azure.com/runs/" in line or "is running" in line for line in program.stderr)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "az ml job cancel --name finbehave-fit-" in " ".join(said.split())
    assert not (cloud.folder / "package").exists()

    found = cloud.ok(*asked)
    assert f"{W}/jobs/{found['job']}" in cloud.azure.resources
    assert len(cloud.azure.jobs()) == 1
    assert read_package(cloud.folder / "package").manifest.metrics == found["metrics"]


def test_a_job_that_fails_names_its_cause_keeps_its_log_and_leaves_no_package(cloud: Cloud, behaviour: Path) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    cloud.azure.job_lacks = "pandas"
    done = cloud(*words(behaviour, "--compute", "cpu", "-o", "json"))
    assert done.code == 1, str(done)
    assert "missing-package" in done.error["message"]
    assert "pandas" in done.error["remedy"]
    (log,) = (cloud.workspace / "azure" / "jobs").glob("finbehave-fit-*.log")
    assert str(log) in done.error["message"]
    assert "No module named 'pandas'" in log.read_text()
    assert not (cloud.folder / "package").exists()


def test_machines_are_checked_before_the_work_and_a_spot_machine_can_be_for_one_job(
    cloud: Cloud, behaviour: Path
) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    nowhere = cloud(*words(behaviour, "--compute", "gone", "-o", "json"))
    assert (nowhere.code, nowhere.error["code"]) == (3, "not-found")
    dear = cloud(*words(behaviour, "--compute", "cpu", "--spot", "-o", "json"))
    assert dear.code == 2
    assert "the tier is the cluster's own" in dear.error["message"]
    assert cloud.azure.jobs() == []

    cloud.azure.job_refused = ("OutOfQuota", "Not enough quota available for Standard_F4s_v2 low-priority cores")
    cloud.azure.drop_once("PUT", "/jobs/finbehave-fit-", done=True)
    full = cloud(*words(behaviour, "--spot", "-o", "json"))
    assert (full.code, full.error["code"]) == (9, "quota"), str(full)
    (job,) = cloud.azure.jobs()
    assert job["queueSettings"]["jobTier"] == "Spot"
    assert job["resources"]["instanceType"] == "Standard_F4s_v2"
    assert not job.get("computeId")
    assert not (cloud.folder / "package").exists()


def test_this_machine_is_the_only_one_here(finbehave: Finbehave, behaviour: Path) -> None:
    for options in (("--compute", "cpu"), ("--spot",)):
        done = finbehave(*words(behaviour, *options, "-o", "json"))
        assert done.code == 2
        assert options[0] in done.error["message"]
        assert "--backend azure" in done.error["remedy"]
    assert not (finbehave.folder / "package").exists()
