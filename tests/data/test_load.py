"""What a person's file becomes: kinds, values, and the sentences about what was assumed."""

from __future__ import annotations

import gzip
import hashlib
import math
from pathlib import Path

import numpy
import pandas
import pytest

from finbehave.data.load import Table, load_table, open_rows
from finbehave.data.reading.evidence import MISSING_WORDS
from finbehave.domain.manifest import FeatureKind
from finbehave.errors import DataRefused
from finbehave.progress import Quiet

from .conftest import Write


def kinds(table: Table) -> dict[str, str]:
    return {name: kind.value for name, kind in table.kinds.items()}


def column(table: Table, name: str) -> list[object]:
    return [None if value is None or value != value else value for value in table.frame[name].tolist()]


PLAIN = "income,late,region,active\n3523.05,5,north,true\n1369.79,0,south,false\n,2,,true\n"


class Listener(Quiet):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


# --- kinds and dtypes -------------------------------------------------------------------------------------


def test_a_plain_file_needs_no_assumption(write: Write) -> None:
    path = write(PLAIN)
    table = load_table(path)
    assert kinds(table) == {"income": "number", "late": "integer", "region": "category", "active": "boolean"}
    assert [str(dtype) for dtype in table.frame.dtypes] == ["float64", "int64", "object", "bool"]
    assert column(table, "income") == [3523.05, 1369.79, None]
    assert column(table, "region") == ["north", "south", None]
    assert table.assumptions == ()
    assert table.rows == 3
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_integers_and_booleans_with_missing_cells_become_floats_of_the_same_kind(write: Write) -> None:
    table = load_table(write("a,b\n1,true\n,\n3,false\n"))
    assert kinds(table) == {"a": "integer", "b": "boolean"}
    assert [str(dtype) for dtype in table.frame.dtypes] == ["float64", "float64"]
    assert column(table, "b") == [1.0, None, 0.0]


def test_decimals_are_read_to_the_last_bit(write: Write) -> None:
    values = ["0.1", "2.675", "1e-7", "123456789.123456789", "5e-324", "0.30000000000000004"]
    table = load_table(write("a,b\n" + "".join(f"{value},1\n" for value in values)))
    assert column(table, "a") == [float(value) for value in values]


@pytest.mark.parametrize("value", ["00123", "007"])
def test_leading_zeros_stay(write: Write, value: str) -> None:
    table = load_table(write(f"zip,x\n{value},1\n12345,2\n"))
    assert column(table, "zip") == [value, "12345"]
    assert table.assumptions == ("zip has leading zeros and stays text.",)


def test_amounts_padded_with_zeros_are_still_numbers(write: Write) -> None:
    assert column(load_table(write("a,b\n0012.50,1\n0003.25,2\n")), "a") == [12.5, 3.25]


def test_identifiers_longer_than_a_float_can_hold_stay_text(write: Write) -> None:
    table = load_table(write("card,x\n4111111111111111,1\n5500000000000004,2\n"))
    assert column(table, "card") == ["4111111111111111", "5500000000000004"]
    assert "more than 15 digits" in table.assumptions[0]


def test_a_column_without_a_value_is_said(write: Write) -> None:
    table = load_table(write("a,b\n1,\n2,NA\n"))
    assert kinds(table)["b"] == "number"
    assert column(table, "b") == [None, None]
    assert "b: no cell holds a value." in table.assumptions


def test_underscored_and_hexadecimal_words_are_no_numbers(write: Write) -> None:
    assert kinds(load_table(write("a,b\n1_000,0x1F\n2_000,0x2A\n"))) == {"a": "category", "b": "category"}


# --- missing values ---------------------------------------------------------------------------------------


def test_words_for_missing_among_numbers_are_read_as_missing_and_said(write: Write) -> None:
    table = load_table(write("amount,x\n1.5,1\n-,2\nunknown,3\n#DIV/0!,4\nn/a,5\n2.5,6\n"))
    assert column(table, "amount") == [1.5, None, None, None, None, 2.5]
    assert sorted(table.assumptions) == [
        "amount: '#DIV/0!' is read as missing (1 cell).",
        "amount: '-' is read as missing (1 cell).",
        "amount: 'unknown' is read as missing (1 cell).",
    ]


def test_among_texts_unknown_is_a_value_and_none_is_missing(write: Write) -> None:
    table = load_table(write("region,x\nnorth,1\nunknown,2\nNone,3\nnorth,4\n"))
    assert column(table, "region") == ["north", "unknown", None, "north"]
    assert table.assumptions == ("region: 'None' is read as missing (1 cell).",)


def test_the_endpoint_means_the_same_words_by_missing() -> None:
    from finbehave.guest import frames

    assert MISSING_WORDS == frames.MISSING_WORDS


def test_a_mixed_column_stays_text_and_the_first_odd_cell_is_named(write: Write) -> None:
    table = load_table(write("a,b\n1,x\n2,x\n12x4,x\n3,x\n"))
    assert column(table, "a") == ["1", "2", "12x4", "3"]
    assert table.assumptions == ("a stays text: 1 of 4 cells are no numbers, for example line 4 ('12x4').",)


def test_a_column_that_turns_into_words_late_is_seen_to_its_end(write: Write) -> None:
    rows = "".join(f"{number},1\n" for number in range(60_000))
    table = load_table(write(f"a,b\n{rows}oops,1\n"))
    assert kinds(table)["a"] == "category"
    assert "line 60,002 ('oops')" in table.assumptions[0]


# --- numbers as people write them -------------------------------------------------------------------------

NUMBERS = [
    ("us", "a,b\n\"$3,523.05\",1\n\"($1,000.50)\",2\n", [3523.05, -1000.5], "commas separate thousands"),
    ("german", "a;b\n3.523,05;1\n-0,5;2\n", [3523.05, -0.5], "a comma marks decimals"),
    ("french", "a;b\n3\u202f523,05 €;1\n12 000,00 €;2\n", [3523.05, 12000.0], "the currency (€) is left out"),
    ("swiss", "a,b\n1'000.50,1\n12'345.00,2\n", [1000.5, 12345.0], "apostrophes separate thousands"),
    ("indian", "a,b\n\"1,23,456.70\",1\n\"12,00,000.00\",2\n", [123456.7, 1200000.0], "commas separate thousands"),
    ("code", "a,b\nUSD 12.50,1\n-7 usd,2\n", [12.5, -7.0], "the currency (usd) is left out"),
    ("percent", "a,b\n12.5%,1\n3 %,2\n", [12.5, 3.0], "percent signs are left out"),
    ("percent apart", "a,b\n12.5 %,1\n3 %,2\n", [12.5, 3.0], "a: percent signs are left out; "),
    ("trailing minus", "a,b\n12.50-,1\n3.00,2\n", [-12.5, 3.0], "a minus may follow the number"),
    ("typographic minus", "a,b\n−12.50,1\n3.00,2\n", [-12.5, 3.0], "minus signs are typographic"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "values", "said"), [case[1:] for case in NUMBERS], ids=[c[0] for c in NUMBERS])
def test_numbers_come_out_as_numbers_and_the_habit_is_said(
    write: Write, content: str, values: list[float], said: str
) -> None:
    table = load_table(write(content))
    assert table.kinds["a"] in (FeatureKind.NUMBER, FeatureKind.INTEGER)
    assert column(table, "a") == values
    assert any(said in sentence and sentence.startswith("a: ") for sentence in table.assumptions)


def test_whole_thousands_are_integers_where_another_column_shows_the_decimal_sign(write: Write) -> None:
    table = load_table(write('a,b\n"1,234",0.5\n"5,678",2.5\n'))
    assert column(table, "a") == [1234, 5678]
    assert kinds(table)["a"] == "integer"
    assert "no cell of the column shows which sign marks decimals" in table.assumptions[0]


def test_a_point_means_thousands_in_a_file_of_decimal_commas(write: Write) -> None:
    table = load_table(write("a;b\n1.234;0,5\n5.678;2,5\n"))
    assert column(table, "a") == [1234, 5678]


def test_three_decimals_are_no_thousands(write: Write) -> None:
    table = load_table(write("a,b\n0.843,1.234\n0.539,2.345\n"))
    assert column(table, "a") == [0.843, 0.539]
    assert column(table, "b") == [1.234, 2.345]
    assert table.assumptions == ()


def test_two_decimal_signs_in_one_column_are_refused_with_both_lines(write: Write) -> None:
    with pytest.raises(DataRefused, match=r"column 'a' .* line 2 \('1,234.50'\) and line 3 \('1.234,50'\)"):
        load_table(write('a;b\n"1,234.50";1\n"1.234,50";2\n'))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a,b\n$5,1\n€6,2\n", "a mixes currencies ($, €) and stays text."),
        ("a,b\n5%,1\n0.06,2\n", "a has percent signs in some cells and none in others and stays text."),
    ],
)
def test_numbers_that_do_not_mean_the_same_stay_text_and_it_is_said(write: Write, content: str, why: str) -> None:
    table = load_table(write(content))
    assert kinds(table)["a"] == "category"
    assert why in table.assumptions


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinities_are_refused_with_line_and_column(write: Write, cell: str) -> None:
    with pytest.raises(DataRefused, match=r"line 3 .*column 'a': an infinite number"):
        load_table(write(f"a,b\n1.5,1\n{cell},2\n"))


def test_infinities_in_parquet_are_refused_with_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pandas.DataFrame({"a": [1.0, 2.0, math.inf]}).to_parquet(path)
    with pytest.raises(DataRefused, match="row 3, column 'a'"):
        load_table(path)


# --- dates ------------------------------------------------------------------------------------------------

DATES = [
    ("iso", "2024-01-31", "2024-02-01", "2024-01-31", None),
    ("iso with time and zone", "2024-01-31T10:20:30+02:00", "2024-02-01T00:00:00Z", "2024-01-31 08:20:30", None),
    ("iso with fraction", "2024-01-31 10:20:30.250", "2024-02-01 00:00:00.000", "2024-01-31 10:20:30.250", None),
    ("us", "1/31/2024", "2/1/2024", "2024-01-31", "dates are month first (1/31/2024)"),
    ("european", "31/01/2024", "01/02/2024", "2024-01-31", "dates are day first (31/01/2024)"),
    ("german", "31.01.2024", "01.02.2024", "2024-01-31", "dates are day first (31.01.2024)"),
    ("clock", "31/01/2024 13:45", "01/02/2024 00:00", "2024-01-31 13:45", "day first"),
    ("half days", "1/31/2024 1:45 PM", "2/1/2024 12:00 AM", "2024-01-31 13:45", "month first"),
    ("named", "31 Jan 2024", "1 Feb 2024", "2024-01-31", None),
    ("short year", "31-Jan-24", "01-Feb-24", "2024-01-31", "two digits of the year"),
    ("american", "January 31, 2024", "February 1, 2024", "2024-01-31", None),
    ("compact", "20240131", "20240201", "2024-01-31", "dates written YYYYMMDD"),
    ("months", "2024-01", "2024-02", "2024-01-01", "months, taken as their first day"),
]


@pytest.mark.parametrize(("one", "two", "first", "said"), [case[1:] for case in DATES], ids=[c[0] for c in DATES])
def test_dates_are_recognised_by_how_the_whole_column_writes_them(
    write: Write, one: str, two: str, first: str, said: str | None
) -> None:
    table = load_table(write(f'a,b\n"{one}",1\n"{two}",2\n,3\n'))
    assert kinds(table)["a"] == "date"
    assert table.frame["a"][0] == pandas.Timestamp(first)
    assert table.frame["a"].isna().tolist() == [False, False, True]
    assert bool(table.assumptions) == bool(said)
    assert not said or said in table.assumptions[0]


def test_six_digits_are_dates_only_where_it_can_be_no_accident(write: Write) -> None:
    dates = [f"93{month:02}{day:02}" for month in (1, 2) for day in range(1, 8)]
    table = load_table(write("d,x\n" + "".join(f"{date},1\n" for date in dates)))
    assert kinds(table)["d"] == "date"
    assert table.frame["d"][0] == pandas.Timestamp("1993-01-01")
    few = load_table(write("d,x\n930101,1\n930102,2\n"))
    assert kinds(few)["d"] == "integer"


def test_an_undecided_order_follows_the_column_that_decides(write: Write) -> None:
    table = load_table(write("a,b\n03/04/2024,25/12/2023\n05/06/2024,01/02/2023\n"))
    assert table.frame["a"][0] == pandas.Timestamp("2024-04-03")
    assert any("a: dates such as" in note and "read day first" in note for note in table.assumptions)


def test_where_nothing_decides_the_choice_is_said(write: Write) -> None:
    table = load_table(write("a,b\n03/04/2024,1\n05/06/2024,2\n"))
    assert table.frame["a"][0] == pandas.Timestamp("2024-03-04")
    assert "could be day or month first" in table.assumptions[0]


def test_a_day_that_is_in_no_calendar_leaves_the_column_text_and_is_named(write: Write) -> None:
    table = load_table(write("a,b\n2024-02-29,1\n2023-02-29,2\n2024-01-01,3\n"))
    assert kinds(table)["a"] == "category"
    assert "1 of 3 cells are no dates year first, for example line 3 ('2023-02-29')" in table.assumptions[0]


def test_no_date_of_a_database_is_missing(write: Write) -> None:
    table = load_table(write("a,b\n2024-02-29,1\n0000-00-00,2\n"))
    assert table.frame["a"].isna().tolist() == [False, True]


# --- layout -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_the_delimiter_is_found_and_said(write: Write, delimiter: str, word: str) -> None:
    table = load_table(write(PLAIN.replace(",", delimiter)))
    assert list(table.frame.columns) == ["income", "late", "region", "active"]
    assert table.assumptions == (f"Columns are separated by {word}.",)


def test_quoted_names_values_with_delimiters_quotes_and_line_breaks(write: Write) -> None:
    text = '"the ""name""","line\nbreak",c\r\n"a,b","x\ny",1\r\n"say ""so""",,2\r\n'
    table = load_table(write(text))
    assert list(table.frame.columns) == ['the "name"', "line break", "c"]
    assert column(table, 'the "name"') == ["a,b", 'say "so"']
    assert column(table, "line break") == ["x\ny", None]


def test_quotes_escaped_by_a_backslash(write: Write) -> None:
    table = load_table(write('a,b\n"say \\"so\\"",1\n"x",2\n'))
    assert column(table, "a") == ['say "so"', "x"]


@pytest.mark.parametrize(
    "content", ["a,b\r\n1,x\n2,y\r\n", "a,b\n1,x\r\n2,y\n", "a,b\r1,x\r2,y\r", "a,b\n1,x\n  \n\n2,y"]
)
def test_odd_line_ends_and_blank_lines(write: Write, content: str) -> None:
    table = load_table(write(content))
    assert column(table, "a") == [1, 2]
    assert column(table, "b") == ["x", "y"]


def test_a_delimiter_at_the_end_of_the_line(write: Write) -> None:
    assert column(load_table(write("a,b\n1,2,\n3,4,\n")), "b") == [2, 4]
    assert column(load_table(write("a;b\n1;é;\n3;ü;\n", encoding="cp1252")), "b") == ["é", "ü"]


def test_a_separator_line_of_a_spreadsheet(write: Write) -> None:
    table = load_table(write("sep=;\na;b\n1;2,5\n"))
    assert column(table, "b") == [2.5]


def test_white_space_around_names_and_values(write: Write) -> None:
    table = load_table(write("a , region\n 1.5 , north \n2.5,north\n"))
    assert column(table, "a") == [1.5, 2.5]
    assert column(table, "region") == ["north", "north"]


def test_names_that_differ_in_case_are_two_columns(write: Write) -> None:
    table = load_table(write("Age,age\n1,x\n"))
    assert column(table, "Age") == [1]
    assert column(table, "age") == ["x"]


def test_a_column_without_a_name_gets_one(write: Write) -> None:
    table = load_table(write(",a\n0,5\n1,6\n"))
    assert list(table.frame.columns) == ["column_1", "a"]
    assert table.assumptions == ("Column 1 has no name; it is called column_1.",)


def test_a_name_with_characters_of_a_pattern(write: Write) -> None:
    assert load_table(write(PLAIN, "data [1]*.csv")).rows == 3


# --- encodings and containers -----------------------------------------------------------------------------

WESTERN = "region,x\nCôte d’Or,1\nÎle-de-France,2\nZürich,3\nKøbenhavn,4\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_text_is_never_garbled(write: Write, encoding: str) -> None:
    table = load_table(write(WESTERN, encoding=encoding))
    assert list(table.frame.columns) == ["region", "x"]
    assert column(table, "region") == ["Côte d’Or", "Île-de-France", "Zürich", "København"]
    if encoding == "cp1252":
        assert "Windows-1252, for example 'Côte'" in table.assumptions[0]


FOREIGN = [
    ("cp1251", "Москва"), ("cp1253", "Αθήνα"), ("cp1250", "Třebíč"), ("cp1250", "Wrocław"), ("cp1254", "Beşiktaş"),
    ("mac_roman", "Zürich"), ("shift_jis", "東京都"), ("gb18030", "北京市"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "word"), FOREIGN)
def test_another_encoding_is_refused_and_not_taken_for_western(write: Write, encoding: str, word: str) -> None:
    with pytest.raises(DataRefused, match="line 3") as refused:
        load_table(write(f"region,x\nnorth,1\n{word},2\n", encoding=encoding))
    assert "UTF-8" in refused.value.remedy


def test_one_line_in_another_encoding_is_named_with_its_byte(write: Write) -> None:
    content = "region,x\nZürich,1\n".encode() + "Genève,2\n".encode("cp1252")
    with pytest.raises(DataRefused, match=r"line 3: byte 0xe8 \(the 4th of the line\) is not UTF-8, while line 2 is"):
        load_table(write(content))


def test_text_that_was_garbled_before_is_said(write: Write) -> None:
    garbled = "Côte d’Or".encode().decode("cp1252")
    assert "'CÃ´te'" in load_table(write(f"region,x\n{garbled},1\n")).assumptions[0]


def test_zero_bytes_are_no_text(write: Write) -> None:
    with pytest.raises(DataRefused, match="line 2: byte 0x00"):
        load_table(write(b"a,b\n1,\x00\n"))


def test_gzip_is_unpacked_whatever_it_is_called(write: Write) -> None:
    packed = write(gzip.compress(PLAIN.encode()), "table.csv")
    assert load_table(packed).rows == 3
    assert load_table(packed).sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()


def test_a_gzip_that_was_cut_is_refused(write: Write) -> None:
    rows = "".join(f"{number},{number * 7919 % 1000}\n" for number in range(5000))
    with pytest.raises(DataRefused, match="cut off or damaged"):
        load_table(write(gzip.compress(f"a,b\n{rows}".encode())[:-2000], "t.csv.gz"))


def test_parquet_named_csv_is_read_and_said(tmp_path: Path) -> None:
    frame = pandas.DataFrame(
        {
            "Age": [1, 2],
            "age": [1.5, numpy.nan],
            "when": pandas.to_datetime(["2024-01-01", None]),
            "flag": [True, False],
            "kind": pandas.Categorical(["x", "y"]),
        }
    )
    path = tmp_path / "table.csv"
    frame.to_parquet(path)
    table = load_table(path)
    assert kinds(table) == {"Age": "integer", "age": "number", "when": "date", "flag": "boolean", "kind": "category"}
    assert column(table, "kind") == ["x", "y"]
    assert table.assumptions == ("table.csv is a Parquet file in spite of its name.",)


def test_numbers_stored_as_text_in_parquet_are_numbers_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pandas.DataFrame({"a": ["1,234.50", "2,000.00"], "b": ["x", "y"]}).to_parquet(path)
    table = load_table(path)
    assert column(table, "a") == [1234.5, 2000.0]
    assert "a: stored as text, read as what the text says." in table.assumptions


def test_a_line_cut_at_the_end_is_left_out_and_said(write: Write) -> None:
    for cut in ('1;"xa";5\n2;"y', "1;xa;5\n2;y", "1;xa;5\n2"):
        table = load_table(write(f"a;b;c\n0;xb;4\n{cut}"))
        assert column(table, "a") == [0, 1]
        assert table.assumptions[0].startswith("The last line is cut in the middle and was left out")


def test_a_last_line_without_a_line_end_is_not_cut(write: Write) -> None:
    table = load_table(write('a,b\n1,x\n2,"two\nlines"'))
    assert column(table, "b") == ["x", "two\nlines"]
    assert table.assumptions == ()


def test_assumptions_are_also_notes(write: Write) -> None:
    listener = Listener()
    table = load_table(write("a;b\n1;2\n"), progress=listener)
    assert tuple(listener.notes) == table.assumptions != ()


# --- rows in chunks ---------------------------------------------------------------------------------------


def test_rows_come_in_order_json_ready_and_in_chunks(write: Write) -> None:
    rows = "".join(f'"{number},5";{number % 28 + 1:02}.01.2024;;ja\n' for number in range(25))
    path = write(f"a;d;n;t\n{rows}")
    with open_rows(path, chunk_rows=10) as stream:
        chunks = list(stream.chunks)
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert chunks[2][4] == {"a": 24.5, "d": "2024-01-25", "n": None, "t": "ja"}
    assert stream.rows == 25


def test_rows_keep_integers_booleans_and_times(write: Write) -> None:
    path = write("i,b,t\n7,true,2024-01-01 10:00:00\n,,2024-01-02 00:00:00\n")
    with open_rows(path) as stream:
        assert next(stream.chunks) == [
            {"i": 7, "b": True, "t": "2024-01-01T10:00:00"},
            {"i": None, "b": None, "t": "2024-01-02"},
        ]


def test_the_stream_knows_its_rows_before_they_are_read(write: Write) -> None:
    with open_rows(write(PLAIN)) as stream:
        assert stream.rows == 3
        assert stream.columns == ("income", "late", "region", "active")
        assert sum(len(chunk) for chunk in stream.chunks) == 3
