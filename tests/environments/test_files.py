"""What a person writes after --environment means what they expect."""

import pytest

from finbehave.environments.files import read_environment
from finbehave.environments.releases import python_for
from finbehave.errors import ConfigurationError, EnvironmentImpossible, NotFound


def conda(tmp_path, *lines):
    path = tmp_path / "environment.yml"
    path.write_text("name: x\ndependencies:\n" + "".join(f"  - {line}\n" for line in lines))
    return str(path)


def test_a_conda_file_gives_its_python_and_its_pins(tmp_path):
    path = conda(tmp_path, "python=3.8", "scikit-learn=1.1.3", "numpy=1.21", "pandas>=1.3,<1.5", "libgomp", "pip")
    spec = read_environment(path)
    assert spec.python == "3.8"
    assert spec.requirements == ("scikit-learn==1.1.3", "numpy==1.21.*", "pandas>=1.3,<1.5")


def test_pip_lines_of_a_conda_file_count(tmp_path):
    path = conda(tmp_path, "python=3.11", "pip:\n      - scikit-learn==1.5.2\n      - joblib  # any")
    assert read_environment(path).requirements == ("scikit-learn==1.5.2", "joblib")


def test_a_requirements_file_may_name_another(tmp_path):
    (tmp_path / "base.txt").write_text("numpy==1.26.4\n")
    path = tmp_path / "requirements.txt"
    path.write_text("# pinned\n-r base.txt\nscikit-learn==1.5.2 --hash=sha256:00\n\n")
    assert read_environment(str(path)).requirements == ("numpy==1.26.4", "scikit-learn==1.5.2")


@pytest.mark.parametrize(
    "name",
    [
        "sklearn-1.5",
        "AzureML-sklearn-1.5",
        "sklearn-1.5@latest",
        "azureml://registries/azureml/environments/sklearn-1.5/versions/50",
    ],
)
def test_a_curated_image_is_known_however_it_is_written(name):
    spec = read_environment(name)
    assert spec.python == "3.10"
    assert "scikit-learn~=1.5.0" in spec.requirements


def test_the_image_of_the_runbook_is_known():
    spec = read_environment("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu")
    assert (spec.python, spec.requirements[0]) == ("3.8", "scikit-learn~=1.0.0")


def test_versions_alone_are_an_environment():
    spec = read_environment("sklearn==1.5.2, python=3.11")
    assert (spec.python, spec.requirements) == ("3.11", ("scikit-learn==1.5.2", "pandas"))


def test_a_name_that_is_nothing_is_not_found_and_told_what_to_write():
    with pytest.raises(NotFound) as caught:
        read_environment("envirnoment.yml")
    assert "sklearn==1.5.2" in caught.value.remedy


def test_an_unknown_image_names_the_nearest():
    with pytest.raises(NotFound) as caught:
        read_environment("sklearn-1.3")
    assert "sklearn-1.5" in caught.value.remedy


@pytest.mark.parametrize("content", ["dependencies: [python=3.11, '???']", "- a\n- b", "dependencies: [a\n"])
def test_a_file_that_is_no_environment_is_refused(tmp_path, content):
    path = tmp_path / "environment.yml"
    path.write_text(content)
    with pytest.raises(ConfigurationError):
        read_environment(str(path))


@pytest.mark.parametrize(("pins", "python"), [("sklearn==1.1.3", "3.11"), ("sklearn==1.7.2", "3.13")])
def test_where_no_python_is_said_the_newest_that_fits_is_taken(pins, python):
    assert python_for(read_environment(pins)) == python


def test_a_pin_that_has_no_build_for_its_python_is_refused_before_anything_is_built():
    with pytest.raises(EnvironmentImpossible) as caught:
        python_for(read_environment("python=3.8 scikit-learn==1.7.0"))
    assert "scikit-learn==1.7.0" in caught.value.message
    assert "3.10" in caught.value.message
    assert caught.value.exit_status == 5
