"""What a file is, from how it begins: a pickle, or one of the many things that people save as a model by mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD = 4096
"""Bytes that ``sniff`` wants to see."""


@dataclass(frozen=True)
class Kind:
    """What a file is: a stable ``code``, a name in words, and what to do when it was meant as a model."""

    code: str
    words: str
    remedy: str


PICKLE = Kind("pickle", "a pickle", "")

_SAVE = "save the fitted estimator itself with joblib.dump(model, 'model.joblib')"
_EXPORT = "finbehave serves scikit-learn models; " + _SAVE

_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", Kind("hdf5", "an HDF5 file, as Keras and pandas write them", _EXPORT)),
    (0, b"\x93NUMPY", Kind("numpy-array", "a single numpy array (.npy), not a model", _SAVE)),
    (4, b"TFL3", Kind("tflite", "a TensorFlow Lite model", _EXPORT)),
    (0, b"GGUF", Kind("gguf", "a GGUF language model", _EXPORT)),
    (0, b"CBM1", Kind("catboost", "CatBoost's own model format", _SAVE)),
    (0, b"PAR1", Kind("parquet", "a Parquet data file, not a model", _SAVE)),
    (0, b"ARROW1", Kind("arrow", "an Arrow data file, not a model", _SAVE)),
    (0, b"FEA1", Kind("feather", "a Feather data file, not a model", _SAVE)),
    (0, b"SQLite format 3\x00", Kind("sqlite", "an SQLite database", _SAVE)),
    (0, b"\x7fELF", Kind("program", "a compiled program or library", _SAVE)),
    (0, b"MZ", Kind("program", "a Windows program or library", _SAVE)),
    (0, b"%PDF-", Kind("pdf", "a PDF document", _SAVE)),
    (0, b"\x89PNG\r\n", Kind("picture", "a PNG picture", _SAVE)),
    (0, b"\xff\xd8\xff", Kind("picture", "a JPEG picture", _SAVE)),
    (0, b"(\xb5/\xfd", Kind("zstandard", "compressed with Zstandard, which joblib does not read",
                           "unpack it with zstd -d, or save it again with joblib.dump")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("archive", "a 7-Zip archive", "unpack it and name the model file inside")),
    (0, b"Rar!\x1a\x07", Kind("archive", "a RAR archive", "unpack it and name the model file inside")),
    (257, b"ustar", Kind("archive", "a tar archive", "unpack it (tar -xf) and name the model file inside")),
    (0, b"RDX", Kind("r-data", "an R data file", _EXPORT)),
    (0, b"RDA", Kind("r-data", "an R data file", _EXPORT)),
    (0, b"X\n\x00\x00\x00", Kind("r-data", "an R data file (.rds)", _EXPORT)),
    (0, b"tree\nversion=", Kind("lightgbm", "LightGBM's own text format", _SAVE)),
    (0, b"binf", Kind("xgboost", "XGBoost's own binary format", _SAVE)),
    (0, b"{L\x00\x00\x00\x00\x00\x00\x00", Kind("xgboost", "XGBoost's own format (UBJSON)", _SAVE)),
    (0, b"\x00asm", Kind("program", "a WebAssembly module", _SAVE)),
    (0, b"\xca\xfe\xba\xbe", Kind("program", "a compiled program", _SAVE)),
)  # fmt: skip

_ZIP_PARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"model.weights.h5", Kind("keras", "a Keras model (.keras)", _EXPORT)),
    (b"data.pkl", Kind("torch", "a PyTorch checkpoint", _EXPORT)),
    (b"schema.json", Kind("skops", "a skops file", "load it with skops.io.load and save it with joblib.dump")),
    (b".npy", Kind("numpy-arrays", "a bundle of numpy arrays (.npz), not a model", _SAVE)),
    (b"[Content_Types].xml", Kind("office", "an Office document", _SAVE)),
    (b"META-INF/", Kind("archive", "a Java archive", _SAVE)),
)
_ZIP = Kind("zip", "a zip archive", "unpack it and name the model file inside")

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v\d+\r?\n(?:.*\n)*?size (\d+)", re.MULTILINE)
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TEXTLIKE = frozenset(b"\t\n\r\x0c\x1b") | frozenset(range(32, 127)) | frozenset(range(128, 256))


def sniff(head: bytes, size: int) -> Kind:
    """What a file of ``size`` bytes is, by its first ``HEAD`` bytes unpacked; ``PICKLE`` where it may be one."""
    if size == 0 or not head:
        return Kind("empty", "an empty file", "copy or download the model file again")
    if not head.strip(b"\x00"):
        return Kind(
            "zeros", "nothing but zero bytes: the file was never written to the end", "copy the model file again"
        )
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((kind for part, kind in _ZIP_PARTS if part in head), _ZIP)
    if head.startswith(b"\x80") and len(head) > 1 and head[1] <= 5:
        return PICKLE
    return _text(head) or _binary(head)


def _binary(head: bytes) -> Kind:
    if len(head) > 10 and head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 32:
        return Kind("safetensors", "a safetensors file of raw tensors", _EXPORT)
    if head[0] == 0x08 and len(head) > 2 and any(word in head for word in (b"onnx", b"ONNX", b"pytorch", b"ai.onnx")):
        return Kind("onnx", "an ONNX model", _EXPORT)
    return PICKLE


def _text(head: bytes) -> Kind | None:
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if pointer := _POINTER.match(bare):
        size = int(pointer.group(1))
        return Kind(
            "lfs-pointer", f"a Git LFS pointer for a file of {size:,} bytes, not the file itself", "git lfs pull"
        )
    if _PAGE.match(bare):
        return Kind("html", "a web page saved under a model's name: the download answered with a page",
                    "download it again, signed in, from the link of the file itself")  # fmt: skip
    if bare.startswith((b"<?xml", b"<Error", b"<PMML")):
        return _xml(bare)
    if bare.startswith((b"{", b"[")) and _looks_like_text(head) and b'"' in bare[:200]:
        return _json(bare)
    if _looks_like_text(head) and not _may_be_protocol_0(head):
        return Kind("text", "a text file, not a model", _SAVE)
    return None


def _xml(bare: bytes) -> Kind:
    if b"PMML" in bare:
        return Kind("pmml", "a PMML model", _EXPORT)
    if b"<Error" in bare or b"<Code>" in bare:
        return Kind("error-page", "a storage service's error message saved under a model's name",
                    "download it again with access to the storage")  # fmt: skip
    return Kind("xml", "an XML file", _SAVE)


def _json(bare: bytes) -> Kind:
    if b'"learner"' in bare:
        return Kind("xgboost", "XGBoost's own JSON format", _SAVE)
    if b'"error"' in bare[:200] or b'"message"' in bare[:200]:
        return Kind(
            "error-page", "a service's error message saved under a model's name", "download it again, signed in"
        )
    return Kind("json", "a JSON file, not a model", _SAVE)


def _looks_like_text(head: bytes) -> bool:
    return all(byte in _TEXTLIKE for byte in head)


_PROTOCOL_0 = re.compile(
    rb"c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|\(i[A-Za-z_]|\((?:lp|dp|l|d|t)|[IFLSV][^\n]*\np?\d*|\]|\}|N\.|\("
)
"""How a pickle of protocol 0 or 1 can begin: a global, a mark, an empty list or dict, a plain value."""


def _may_be_protocol_0(head: bytes) -> bool:
    return _PROTOCOL_0.match(head) is not None and (b"\np" in head or b"q\x00" in head or b"." in head[-2:])
