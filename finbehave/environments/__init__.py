"""Environments: reading their files, finding interpreters, building and keeping isolated ones."""
