"""From a file to columns with kinds: bytes, encoding, layout, shapes of cells, decisions, and what was assumed.

``open_source`` gives the file as a view in DuckDB and ``plan_columns`` says how to read each of its columns; ``load``
and ``prepare`` take it from there.
"""
