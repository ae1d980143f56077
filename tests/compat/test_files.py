"""Whatever people call a model is named for what it is, and nothing of it is loaded."""

from __future__ import annotations

import pickle
import zipfile

import joblib
import pytest
import sklearn

from finbehave.compat.reader import inspect_file
from finbehave.domain.compat import Verdict

from .forging import estimator, written


@pytest.mark.parametrize(
    "compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1), ("lz4", 1)], ids=str
)
def test_every_compression_of_joblib_shows_every_estimator_with_its_place_and_version(
    tmp_path, pipeline, read, compress
):
    path = tmp_path / "model.joblib"
    joblib.dump(pipeline, path, compress=compress)
    found = inspect_file(path)
    assert found.problem is None
    assert found.root == "Pipeline"
    assert {one.where: one.sklearn_version for one in found.objects if one.sklearn_version} == {
        "Pipeline": sklearn.__version__,
        "Pipeline.steps[0] StandardScaler": sklearn.__version__,
        "Pipeline.steps[1] LogisticRegression": sklearn.__version__,
    }
    assert read(path).verdict is Verdict.COMPATIBLE


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_pickle_is_read(tmp_path, forest, read, protocol):
    path = written(tmp_path, pickle.dumps(forest, protocol))
    assert read(path).verdict is Verdict.COMPATIBLE
    assert len([one for one in inspect_file(path).objects if one.name == "DecisionTreeClassifier"]) >= 20


def test_estimators_in_a_dictionary_are_found(tmp_path, pipeline, read):
    path = tmp_path / "bundle.joblib"
    joblib.dump({"model": pipeline, "columns": ["a", "b"], "threshold": 0.4}, path)
    assert inspect_file(path).root.startswith("a dictionary of 3")
    assert read(path).trained_with.packages["scikit-learn"] == sklearn.__version__


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "x")
    return path.read_bytes()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 48123456\n"


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (LFS, "a Git LFS pointer for a file of 48,123,456 bytes", "git lfs pull"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page", "download it again"),
        (b"", "empty file", "again"),
        (b"\0" * 5000, "zero bytes", "again"),
        (b'{"error": {"code": "403"}}', "error message", "download it again"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "HDF5", "joblib.dump"),
        (b"PAR1" + b"\0" * 64, "Parquet", "joblib.dump"),
        (b"\x93NUMPY\x01\x00" + b"\0" * 64, "numpy array", "joblib.dump"),
        (b"amount,late\n1,0\n2,1\n", "text file", "joblib.dump"),
    ],
    ids=["lfs", "html", "empty", "zeros", "error", "keras", "parquet", "npy", "csv"],
)
def test_what_is_no_model_is_named_for_what_it_is(tmp_path, read, content, words, remedy):
    report = read(written(tmp_path, content, "model.joblib"))
    assert report.verdict is Verdict.UNKNOWN
    assert words in report.findings[0].message
    assert remedy in report.findings[0].remedy


def test_a_zip_is_named(tmp_path, read):
    report = read(written(tmp_path, _zip(tmp_path / "a.zip"), "model.joblib"))
    assert report.verdict is Verdict.UNKNOWN
    assert "zip archive" in report.findings[0].message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_said_to_be(tmp_path, forest, read, share):
    whole = tmp_path / "whole.joblib"
    joblib.dump(forest, whole)
    content = whole.read_bytes()
    report = read(written(tmp_path, content[: int(len(content) * share)], "cut.joblib"))
    assert report.verdict is Verdict.UNKNOWN
    assert report.findings[0].code == "model-corrupt"
    assert "cannot be read to the end" in report.findings[0].message


def test_a_length_beyond_the_end_of_the_file_is_a_finding_and_takes_no_memory(tmp_path, read):
    content = b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"abc."
    report = read(written(tmp_path, content))
    assert report.verdict is Verdict.UNKNOWN
    assert f"announces {1 << 40} bytes" in report.findings[0].message


def test_objects_saved_by_two_versions_are_both_named_with_their_places(tmp_path, read):
    scaler = estimator("preprocessing._data", "StandardScaler", "1.5.2", mean_=0.0)
    model = estimator("linear_model._base", "LinearRegression", "1.7.0", coef_=0.0, positive=False)
    path = written(tmp_path, estimator("pipeline", "Pipeline", "1.7.0", steps=[("scale", scaler), ("model", model)]))
    message = next(one.message for one in read(path, "scikit-learn==1.7.0").findings if one.code == "sklearn-mixed")
    assert "1.5.2 (Pipeline.steps[0] StandardScaler)" in message
    assert "1.7.0 (Pipeline)" in message


def test_data_saved_as_a_model_is_said_to_be_data(tmp_path, read):
    import numpy
    import pandas

    for name, thing, words in (
        ("frame", pandas.DataFrame({"a": [1, 2]}), "a DataFrame"),
        ("array", numpy.zeros((3, 2)), "a numpy array of shape (3, 2)"),
        ("settings", {"threshold": 0.5}, "a dictionary of 1 ('threshold')"),
    ):
        joblib.dump(thing, tmp_path / f"{name}.joblib")
        report = read(tmp_path / f"{name}.joblib")
        assert report.verdict is Verdict.UNKNOWN, name
        assert f"{name}.joblib holds {words}: data" in report.findings[0].message
