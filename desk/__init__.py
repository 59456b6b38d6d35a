"""The desk's own set-up and supervisor: `python3 -m desk --help`. Standard library only, Python 3.10 or newer.

`desk.stack.Stack` starts the whole desk from a test or a benchmark.
"""
