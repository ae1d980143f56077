"""Reads, checks, prepares and makes tabular data."""
