"""Pure tensor functions of mixture-of-experts FFN weights: spectra, effective dimension, nulls, planted structure.

Everything here maps tensors (and seeded generators) to tensors or plain numbers. It knows torch and numpy, and
nothing of pytest, files, checkpoints or verdicts; thresholds and rules live in `hypotheses/`. A fast path is kept
beside its plain definition, with a test of parity and a benchmark in `kernels/benchmarks/`. Import the module you
need; nothing is re-exported.
"""
