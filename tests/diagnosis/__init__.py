"""Naming causes from logs."""
