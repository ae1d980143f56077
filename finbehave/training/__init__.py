"""The host side of training: what may be learnt from, what to try, the report."""
