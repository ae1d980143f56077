"""One file per verb: its sequence of steps, returning a frozen result. This is the Python API."""
