"""What kind of file this is, judged by its bytes and never by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from finbehave.errors import DataRefused, NotFound

GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_HEAD_BYTES = 512


class FileFormat(str, Enum):
    """The forms a table may come in."""

    CSV = "CSV"
    CSV_GZ = "gzipped CSV"
    PARQUET = "Parquet"


@dataclass(frozen=True)
class _Stranger:
    """A kind of file that is no table of ours: how it begins, what it is, and what to do with it."""

    begins: bytes
    what: str
    remedy: str


_UNPACK = "unpack it and name the file inside"
_EXPORT = "open it in the program that wrote it and save the sheet as CSV (UTF-8)"

_STRANGERS = (
    _Stranger(b"version https://git-lfs", "a Git LFS pointer, not the data itself", "fetch the data: git lfs pull"),
    _Stranger(_PARQUET, "a gzipped Parquet file", "unpack it: gunzip FILE"),
    _Stranger(GZIP, "gzipped twice", "unpack it: gunzip FILE"),
    _Stranger(b"PK\x03\x04", "a zip archive", _UNPACK),
    _Stranger(b"BZh", "a bzip2 archive", "unpack it: bunzip2 -k FILE"),
    _Stranger(b"\xfd7zXZ\x00", "an xz archive", "unpack it: unxz -k FILE"),
    _Stranger(b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it: unzstd FILE"),
    _Stranger(b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _Stranger(b"Rar!", "a rar archive", _UNPACK),
    _Stranger(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (xls)", _EXPORT),
    _Stranger(b"%PDF", "a PDF document", "export the table behind it as CSV (UTF-8)"),
    _Stranger(b"\x89PNG", "a PNG picture", "name a CSV or Parquet file"),
    _Stranger(b"\xff\xd8\xff", "a JPEG picture", "name a CSV or Parquet file"),
    _Stranger(b"ARROW1", "an Arrow (Feather) file", "write it as Parquet: pandas.read_feather(FILE).to_parquet(NEW)"),
    _Stranger(b"Obj\x01", "an Avro file", "write it as Parquet or CSV"),
    _Stranger(b"SQLite format 3\x00", "a SQLite database", "export the table: sqlite3 -header -csv FILE 'SELECT …'"),
    _Stranger(b"\x89HDF", "an HDF5 file", "write it as Parquet: pandas.read_hdf(FILE).to_parquet(NEW)"),
    _Stranger(b"\x93NUMPY", "a NumPy array without column names", "write it as CSV with a header line"),
    _Stranger(b"\x80\x04", "a Python pickle", "write it as Parquet; a pickle is never opened here"),
    _Stranger(b"\x80\x05", "a Python pickle", "write it as Parquet; a pickle is never opened here"),
)

_TEXT_STRANGERS = (
    _Stranger(b"<!doctype", "an HTML page (a login page or an error saved as data?)", "download the file again"),
    _Stranger(b"<html", "an HTML page (a login page or an error saved as data?)", "download the file again"),
    _Stranger(b"<?xml", "an XML document", "export the table as CSV (UTF-8)"),
)
_JSON = _Stranger(b"", "JSON, not a table", "write it as CSV: pandas.read_json(FILE).to_csv(NEW, index=False)")
_JSON_BEGINS = re.compile(rb'(\[\s*)?\{\s*["}]|\[\s*[\["]')


def identify(path: Path) -> FileFormat:
    """Say what a file is.

    Raises:
        NotFound: there is no such file.
        DataRefused: it is empty, a folder, cut off, or no table; the remedy fits what it is.
    """
    head, tail, size = _ends_of(path)
    if size == 0:
        raise DataRefused(f"{path} is empty (0 bytes)", remedy="write the table again, with a header line")
    if head.startswith(_PARQUET):
        if tail != _PARQUET or size < 12:
            raise DataRefused(
                f"{path} begins like a Parquet file and does not end like one: it is cut off after {size:,} bytes",
                remedy="copy or download the file again",
            )
        return FileFormat.PARQUET
    if head.startswith(GZIP):
        return FileFormat.CSV_GZ
    refuse_stranger(path, head)
    return FileFormat.CSV


def refuse_stranger(path: Path, head: bytes) -> None:
    """Refuse bytes that begin like something that is no table.

    Raises:
        DataRefused: with the words and the remedy for what it is.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = next((s for s in _STRANGERS if head.startswith(s.begins)), None)
    found = found or next((s for s in _TEXT_STRANGERS if text.startswith(s.begins)), None)
    found = found or (_JSON if _JSON_BEGINS.match(text) else None)
    if found is None:
        return
    if found.begins.startswith(b"PK") and (b"[Content_Types].xml" in head or b"xl/" in head):
        found = _Stranger(found.begins, "an Excel workbook (xlsx)", _EXPORT)
    raise DataRefused(f"{path} is {found.what}", remedy=found.remedy.replace("FILE", str(path)))


def _ends_of(path: Path) -> tuple[bytes, bytes, int]:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            size = file.seek(0, 2)
            file.seek(max(0, size - 4))
            return head, file.read(4), size
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", remedy=_near(path)) from None
    except IsADirectoryError:
        raise DataRefused(f"{path} is a folder", remedy="name one file in it") from None
    except OSError as error:
        raise DataRefused(f"{path} cannot be read: {error.strerror}", remedy=f"see ls -l {path}") from None


def _near(path: Path) -> str:
    """What may have been meant: files of the same folder with a name alike."""
    import difflib

    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either; check the path"
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"did you mean {path.parent / close[0]}?" if close else f"see ls {path.parent}"
