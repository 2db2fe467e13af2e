"""Measurements: every figure is a ratio against a bare engine, taken in the same run on the same machine."""
