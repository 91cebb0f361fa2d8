"""The names of what a convergence probe measures: families of searches, and the samples of where they land."""

# The families, each at its registered budget; `landing` is the registered search's
SEARCHED = ("landing", "procrustes", "annealed_procrustes", "momentum", "graduated")
LARGER = "larger_budget"  # more steps of the registered one, on the weights alone: told, and no family
NOISE = "noise_"  # before a family: where it lands on i.i.d. matrices of the same shapes
BEST = "best_"  # before a null that is made of the weights: where the best search lands on it
RECOVERED = "recovered"  # the least β of each family on a planted optimum
GAUSSIAN = "gaussian"
