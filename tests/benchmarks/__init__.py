"""Benchmarks: `python -m tests.benchmarks`. Not tests: they measure, and compare with a baseline in the same run."""
