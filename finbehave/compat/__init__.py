"""Reads model files without running them and judges where they will work."""
