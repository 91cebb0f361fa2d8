"""Side-by-side timings, one file per kernel; run as `python -m kernels.benchmarks.<name>`."""
