"""One parametrisation of the many that a network has: norms folded, neurons balanced, experts in their own order."""
