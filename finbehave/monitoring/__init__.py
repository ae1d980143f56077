"""Watches what an endpoint answers: metrics, prediction log, drift, canary verdicts."""
