"""Training on Azure's machines: the fit runs there as a job, all else here, and the package is the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
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
    assert "goes on at Azure" in " ".join(said.split())
    assert "az ml job cancel --name finbehave-fit-" in " ".join(said.split())
    assert not (cloud.folder / "package").exists()

    found = cloud.ok(*asked)
    assert f"{W}/jobs/{found['job']}" in cloud.azure.resources
    assert len(cloud.azure.jobs()) == 1
    assert read_package(cloud.folder / "package").manifest.metrics == found["metrics"]


WATCHED = """
import sys
from pathlib import Path
import finbehave
class Told:
    def check(self, check): pass
    def note(self, text): pass
    def advance(self, task, done, total=None):
        if task == "fit" and total:
            print(f"{done:g} of {total:g}", flush=True)
finbehave.train(Path(sys.argv[1]), "late", out=Path("package"), candidates=["linear"], compute="cpu", progress=Told())
"""


def test_what_the_fit_says_there_is_seen_here_while_it_runs(cloud: Cloud, behaviour: Path) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    cloud.azure.job_held = True
    program = subprocess.Popen(
        [sys.executable, "-c", WATCHED, str(behaviour)], cwd=cloud.folder, env=cloud.environment(),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    cloud.started.append(program)
    assert program.stdout is not None
    assert any(line == "2 of 2\n" for line in program.stdout), "it has ended without a word of the fit"
    cloud.azure.job_held = False
    assert program.wait(timeout=120) == 0
    assert read_package(cloud.folder / "package").manifest.metrics


def test_an_interrupt_while_a_job_is_sent_says_that_it_may_be_there(cloud: Cloud, behaviour: Path) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    asked = words(behaviour, "--compute", "cpu")
    program = cloud.start(*asked, "-o", "json")
    cloud.azure.meanwhile("PUT", "/jobs/finbehave-fit-", lambda: program.send_signal(signal.SIGINT))
    out, _ = program.communicate(timeout=120)
    assert program.returncode == 130
    error = json.loads(out)["error"]
    assert "goes on at Azure, if it has come there" in error["message"]
    assert "az ml job cancel" in error["remedy"]
    assert cloud.ok(*asked)["job"] in error["message"]
    assert len(cloud.azure.jobs()) == 1


def test_a_fit_that_takes_longer_than_one_waits_goes_on(cloud: Cloud, behaviour: Path) -> None:
    cloud.azure.cluster("cpu", "Dedicated")
    cloud.azure.job_held = True
    late = cloud(*words(behaviour, "--compute", "cpu", "--timeout", "1", "-o", "json"))
    assert (late.code, late.error["code"]) == (9, "timeout"), str(late)
    assert "goes on at Azure" in late.error["message"]
    (job,) = (path.rsplit("/", 1)[1] for path in cloud.azure.resources if "/jobs/" in path)
    assert f"az ml job cancel --name {job} -g rg -w ws" in late.error["remedy"]
    assert not (cloud.folder / "package").exists()

    cloud.azure.job_held = False
    assert cloud.ok(*words(behaviour, "--compute", "cpu", "--timeout", "120"))["job"] == job
    assert len(cloud.azure.jobs()) == 1


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
