"""Whatever a careful program writes as CSV comes back as it was."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finbehave.data.load import load_table, open_rows

NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
INTEGERS = st.one_of(
    st.none(), st.integers(-(10**15) + 1, 10**15 - 1).filter(lambda each: len(str(each)) not in (8, 14))
)
"""Not of eight or fourteen digits: those can be dates without a dash."""
TEXTS = st.one_of(st.none(), st.text(alphabet="ab\",;\t|\n' äé’=\\", max_size=8).map(lambda text: f"q{text}"))
ROWS = st.lists(st.tuples(NUMBERS, INTEGERS, TEXTS), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(
    rows: list[tuple[float | None, int | None, str | None]], delimiter: str, quoting: int, line_end: str, encoding: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["number", "integer", 'the "text"'])
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    wanted = [(number, integer, text and text.strip(" \t\r\n")) for number, integer, text in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(buffer.getvalue().encode(encoding))
        table = load_table(path)
        with open_rows(path, chunk_rows=7) as stream:
            streamed = [tuple(row.values()) for chunk in stream.chunks for row in chunk]
    assert streamed == wanted
    loaded = [tuple(None if cell != cell else cell for cell in row) for row in table.frame.itertuples(index=False)]
    assert loaded == wanted
