"""Files that cannot be read as a table: each kind in its own words, with exit status 4 and a remedy."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas
import pytest

from finbehave.data.load import load_table, open_rows
from finbehave.errors import DataRefused, NotFound

from .conftest import Write


def refusal(path: Path) -> DataRefused:
    with pytest.raises(DataRefused) as refused:
        load_table(path)
    assert refused.value.exit_status == 4
    assert refused.value.remedy
    assert len(refused.value.message) <= 600
    return refused.value


def test_no_such_file_names_the_one_that_was_meant(write: Write) -> None:
    path = write("a,b\n1,2\n", "customers.csv")
    with pytest.raises(NotFound) as missing:
        load_table(path.with_name("custommers.csv"))
    assert missing.value.exit_status == 3
    assert "customers.csv?" in missing.value.remedy


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path).message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty (0 bytes)"),
        ("\n \n\n", "nothing but blank lines"),
        ("a,b\n", "has a header and no rows"),
        ("a,b", "has a header and no rows"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'"),
        ("1.5,2\n2.5,3\n", "holds no column names but values"),
        ("a,b,c\n1,2,3\n4,5\n", "line 3 has 2 values, the header 3 columns: nothing is there for column 'c'"),
        ("a,b\n1,2\n4,5,6\n", "line 3 has 3 values, the header 2 columns: '6' comes after the last column 'b'"),
        ("# made today\na,b\n1,2\n", "line 2 has 2 values, the header 1 column: '# made today' seems to be no header"),
        ('a,b\n1,2\n4,"5\n6,7\n', "line 3: a quoted value begins there and is never closed"),
        ('a,b\n1,2\n4,"5"x\n6,7\n', "line 3: text follows a closing quote"),
    ],
)
def test_a_table_that_is_not_whole(write: Write, content: str, words: str) -> None:
    assert words in refusal(write(content)).message


def test_the_line_is_that_of_the_file_also_behind_line_breaks_in_quotes(write: Write) -> None:
    assert "line 5 has 1 value" in refusal(write('a,b\n1,"x\ny\nz"\n4\n5,6\n')).message


def test_a_short_line_in_the_middle_is_no_cut_end(write: Write) -> None:
    assert "line 2 has 1 value" in refusal(write("a,b\n1\n2,3")).message


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "a,b\n1,2\n")
    return buffer.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (archive("table.csv"), "a zip archive", "unpack it"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (xlsx)", "save the sheet as CSV"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "an HTML page", "download the file again"),
        (POINTER, "a Git LFS pointer", "git lfs pull"),
        (json.dumps([{"a": 1}]).encode(), "JSON, not a table", "pandas.read_json"),
        (json.dumps({"a": [1]}).encode(), "JSON, not a table", "pandas.read_json"),
        (b"\x80\x04\x95\x05\x00", "a Python pickle", "never opened here"),
        (b"PAR1" + b"\0" * 100, "cut off after 104 bytes", "again"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read as Parquet", "again"),
        (gzip.compress(b"PAR1" + b"\0" * 100 + b"PAR1"), "a gzipped Parquet file", "gunzip"),
        (b"SQLite format 3\0" + b"\0" * 80, "a SQLite database", "sqlite3 -header -csv"),
    ],
    ids=[
        "zip",
        "xlsx",
        "html",
        "lfs",
        "json list",
        "json object",
        "pickle",
        "cut parquet",
        "broken parquet",
        "gz parquet",
        "sqlite",
    ],
)
def test_a_file_that_is_no_table(write: Write, content: bytes, what: str, remedy: str) -> None:
    error = refusal(write(content, "table.csv"))
    assert what in error.message
    assert remedy in error.remedy


def test_a_header_that_begins_with_a_bracket_is_no_json(write: Write) -> None:
    assert load_table(write("[id],b\n1,2\n")).rows == 1


def test_nested_parquet_names_the_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pandas.DataFrame({"a": [1], "tags": [["x", "y"]]}).to_parquet(path)
    assert "column 'tags' is nested" in refusal(path).message


def test_a_stream_of_rows_is_refused_before_its_first(write: Write) -> None:
    path = write("a,b\n1,2\n3\n4,5\n")
    with pytest.raises(DataRefused, match="line 3 has 1 value"), open_rows(path):
        pass


def test_nothing_is_left_in_the_temporary_folder(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    load_table(write("a;b\n1;x\n2;ü\n", encoding="cp1252"))
    refusal(write("a,b\n1\n2,3\n", "bad.csv"))
    assert list(scratch.iterdir()) == []
