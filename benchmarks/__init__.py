"""Benchmarks, run by hand and by `make bench`; figures are ratios within one run."""
