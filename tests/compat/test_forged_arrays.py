"""Arrays that say one thing to whoever reads a file and another to whoever loads it, so that code hides behind them."""

from __future__ import annotations

import contextlib

import joblib
import numpy
import pytest

from finbehave.domain.compat import Verdict

from .forging import Called, Forged, Given, Named, Pairs, Raw, estimator, forged, written

WRAPPER = "joblib.numpy_pickle", "NumpyArrayWrapper"
ARRAY = Named("numpy", "ndarray")
MADE_BY = "scikit-learn==1.7.2"
MODEL = estimator("linear_model._base", "LinearRegression", "1.7.2", coef_=0.0, intercept_=0.0)


def dtype(code, order="|", size=-1, alignment=-1, flags=0):
    return Given(Called("numpy", "dtype", (code, False, True)), ((3, order, None, None, None, size, alignment, flags),))


FLOATS, BYTES, OBJECTS = dtype("f8", "<"), dtype("u1"), dtype("O8", flags=63)


def wrapped(behind, **said):
    """An array as joblib keeps it: a wrapper with a state, and bytes behind it that are no part of the pickle."""
    state = {"subclass": ARRAY, "shape": (1,), "order": "C", "dtype": FLOATS, "allow_mmap": False, **said}
    return [Forged(*WRAPPER, state), Raw(behind)]


def a_pickle(command):
    return forged(Called("posix", "system", (command,)))


def opcodes(command):
    return a_pickle(command)[2:-1]


def padded(command):
    data = a_pickle(command)
    return data + bytes(-len(data) % 8)


def blob(command):
    """What a reader takes for bytes, and a loader that is five bytes further on for opcodes."""
    hidden = b"AA" + opcodes(command) + b"00."
    return b"\x03xC" + bytes([len(hidden)]) + hidden


STOPS_EARLY = b"0." + b"A" * 6 + b"0"
"""Eight bytes and a POP for a loader; for a reader who does not see the array, the end."""


def another_class(command):
    swapped = {"__class__": Named(*WRAPPER), "subclass": ARRAY, "shape": (1,), "order": "C", "dtype": FLOATS}
    swapped["allow_mmap"] = False
    kernel = Given(Forged("sklearn.gaussian_process.kernels", "RBF"), ((None, swapped),))
    return [kernel, Raw(STOPS_EARLY + opcodes(command))]


def a_hidden_key(command):
    data = padded(command)
    state = [
        ("subclass", ARRAY),
        ("shape", (len(data) // 8,)),
        ("order", "C"),
        ("dtype", FLOATS),
        ("allow_mmap", False),
    ]
    return [Forged(*WRAPPER, Pairs([*state, (Called("builtins", "str", ("dtype",)), OBJECTS)])), Raw(data)]


def a_key_behind_thousands(command):
    state = [("subclass", ARRAY), ("shape", (2,)), ("order", "C"), ("dtype", BYTES), ("allow_mmap", False)]
    many = [(f"k{number}", number) for number in range(5000)]
    state += [*many, ("numpy_array_alignment_bytes", 16)]
    return [Forged(*WRAPPER, Pairs(state)), Raw(blob(command))]


def a_constructor(command):
    made = Called(*WRAPPER, (ARRAY, (2,), "C", BYTES))
    return [Given(made, ({"subclass": ARRAY, "shape": (2,), "order": "C", "dtype": BYTES},)), Raw(blob(command))]


def flags_of_objects(command):
    data = padded(command)
    return wrapped(data, shape=(len(data) // 8,), dtype=dtype("f8", "<", flags=63))


def another_size(command):
    hidden = opcodes(command)
    return wrapped(b"AA" + hidden, dtype=dtype(f"S{len(hidden) + 2}", size=2, alignment=1))


def another_byte_order(command):
    length = Called(numpy.float64(1).__reduce__()[0].__module__, "scalar", (dtype("i2", ">"), b"\x00\x01"))
    hidden = b"A" + opcodes(command)
    return wrapped(hidden + b"N" * (256 - len(hidden)), shape=(length,), dtype=BYTES)


def its_own_side_file(command):
    return wrapped(STOPS_EARLY + opcodes(command), filename="model.joblib")


def rebuilt_by(module, name, *more):
    """A wrapper that is made by a function which makes an object of whatever class it is told."""

    def forgery(command):
        (wrapper, _) = wrapped(b"")
        made = Called(module, name, (Named(*WRAPPER), *more))
        return [Given(made, (wrapper.state,)), Raw(STOPS_EARLY + opcodes(command))]

    return forgery


rebuilt_by_a_tree = rebuilt_by("sklearn.neighbors._kd_tree", "newObj")
rebuilt_by_an_index = rebuilt_by("pandas.core.indexes.base", "_new_Index", {})
rebuilt_by_a_mask = rebuilt_by("numpy.ma.core", "_mareconstruct", ARRAY, (0,), "b")

FORGERIES = (
    rebuilt_by_a_tree, rebuilt_by_an_index, rebuilt_by_a_mask, another_class, a_hidden_key,
    a_key_behind_thousands, a_constructor, flags_of_objects, another_size, another_byte_order, its_own_side_file,
)  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_code_that_hides_behind_an_array_is_never_called_safe(tmp_path, read, forgery):
    canary = tmp_path / "canary"
    path = written(tmp_path, [MODEL, *forgery(f"touch {canary}")], "model.joblib")
    report = read(path, MADE_BY)
    assert report.verdict in (Verdict.UNSAFE, Verdict.UNKNOWN), report
    assert report.probe is None
    with contextlib.suppress(Exception):
        joblib.load(path)
    assert canary.exists(), "the forgery of this test is dead: it proves nothing"


BYTES_FOR_POINTERS = {
    "objects without their flags": dtype("O8", flags=0),
    "objects that nothing initialises": dtype("O8", flags=3),
    "a dtype that is given two states": Given(FLOATS, ((3, "<", None, None, None, -1, -1, 63),)),
    "a class of numpy's that is changed": Given(
        Called("numpy.dtypes", "ObjectDType"), ((3, "|", None, None, None, -1, -1, 0),)
    ),
    "fields beyond the end": Given(
        Called("numpy", "dtype", ("V8", False, True)),
        ((3, "|", None, ("a",), {"a": (Called("numpy", "dtype", ("f8",)), 4096)}, 8, 1, 16),),
    ),
}


@pytest.mark.parametrize("way", BYTES_FOR_POINTERS)
def test_a_dtype_that_makes_pointers_of_bytes_is_unsafe(tmp_path, read, way):
    assert read(written(tmp_path, [MODEL, BYTES_FOR_POINTERS[way]]), MADE_BY).verdict is Verdict.UNSAFE


SIDE_HEADERS = {
    "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "a key that is given twice": "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O', }",
    "a key that is spelt otherwise": "{'d\\x65scr': '|O', 'fortran_order': False, 'shape': (1,), }",
}


@pytest.mark.parametrize("way", SIDE_HEADERS)
def test_the_shell_in_a_file_beside_a_model_is_found_whatever_its_header_says(tmp_path, read, way):
    beside = forged([Called("posix", "system", ("id",))])
    header = SIDE_HEADERS[way].encode().ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + beside
    (tmp_path / "model.pkl_01.npy").write_bytes(data)
    wrapper = Forged("joblib.numpy_pickle", "NDArrayWrapper", {"filename": "model.pkl_01.npy", "subclass": ARRAY})
    report = read(written(tmp_path, [MODEL, wrapper]), MADE_BY)
    assert report.verdict is (Verdict.UNKNOWN if "twice" in way else Verdict.UNSAFE), report


KEPT_BY_MODELS = {
    "records": numpy.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
    "padded records": numpy.zeros(2, dtype=numpy.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "records with objects": numpy.array([(1, "x")], dtype=[("a", "i4"), ("b", "O")]),
    "records with arrays": numpy.zeros(2, dtype=[("a", "f8", (2, 3))]),
    "records in records": numpy.zeros(2, dtype=[("a", [("b", "f4"), ("c", "S3")])]),
    "texts": numpy.array(["a", "bcd"]),
    "bytes": numpy.array([b"a", b"bcd"]),
    "void": numpy.zeros(2, dtype="V7"),
    "dates": numpy.array(["2024-01-02"], dtype="M8[D]"),
    "another byte order": numpy.zeros(2, dtype=">f8"),
    "objects": numpy.array([1, "a", None, numpy.zeros(2)], dtype=object),
}


@pytest.mark.parametrize("way", KEPT_BY_MODELS)
def test_every_kind_of_array_that_numpy_writes_is_known(tmp_path, read, pipeline, way):
    for protocol in range(2, 6):
        joblib.dump([pipeline, KEPT_BY_MODELS[way]], tmp_path / "model.joblib", protocol=protocol)
        assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE


def test_a_model_on_arrays_that_were_mapped_from_disk_is_known(tmp_path, read, pipeline):
    joblib.dump([pipeline, numpy.zeros(5000)], tmp_path / "first.joblib")
    mapped = joblib.load(tmp_path / "first.joblib", mmap_mode="r")
    joblib.dump(mapped, tmp_path / "model.joblib")
    assert b"memmap" in (tmp_path / "model.joblib").read_bytes()
    assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE
