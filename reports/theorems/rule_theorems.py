"""Theorems about rules, verdicts and codes, and what the source claims and cannot hold."""

from reports.theorems.theorem_form import UNNAMED, Theorem

RULES = (
    Theorem(
        name="early_kill",
        kind="bound",
        statement="Whoever survives early checkpoints meets the rule at full scope; more checkpoints leave fewer "
        "survivors; larger counts never turn a survivor into a kill.",
        at_source=UNNAMED,
        reference="a conjunction has no more cases than its parts",
        checks="nothing: it is about the rule, not about weights",
        needs="nothing that is measured",
        formal=(
            "early_kill_never_makes_a_survivor",
            "more_early_kills_fewer_survivors",
            "survival_is_monotone",
            "hopeless_early_kill_is_never_false",
        ),
    ),
    Theorem(
        name="verdict_order",
        kind="identity",
        statement="KILLED before INCONCLUSIVE before INCOMPLETE before VACUOUS before SURVIVED is a total order; the "
        "verdict is the first of what gates, missing cells and noise say; a kill stays, whatever else is "
        "measured; no further gate makes a verdict better.",
        at_source=UNNAMED,
        reference="reports/judge/decision.py; sampled by reports/judge/test_algebra.py",
        checks="nothing: it is about the rule, not about weights",
        needs="nothing that is measured",
        formal=(
            "verdicts_are_totally_ordered",
            "verdict_is_the_first_of_its_parts",
            "order_of_gates_does_not_matter",
            "killed_iff_a_gate_is_killed",
            "a_kill_stays",
            "survived_iff_nothing_objects",
            "another_gate_never_rescues",
            "only_sound_and_complete_gates_kill",
        ),
    ),
    Theorem(
        name="no_code_beats_the_entropy",
        kind="bound",
        statement="Every code of which no word begins another takes at least the entropy H of its symbols on average, "
        "so of 16 bits, 8 of them exponent, no code of exponents saves more than (8 − H)/16.",
        at_source=UNNAMED,
        reference="Kraft (1949), Gibbs; Shannon (1948)",
        checks="minus what a real code takes over H + 8 bits, relative, of every matrix",
        needs="the trap exponent_round_trip",
        tolerance="1e-12: H is a sum of float64",
        formal=("kraft", "gibbs", "no_code_beats_the_entropy", "no_code_saves_more_than_the_law_says"),
    ),
    Theorem(
        name="commonest_exponents",
        kind="bound",
        statement="Where the 15 commonest of 256 exponents hold the share c, H ≤ c log₂(15/c) + (1 − c) log₂(241/(1 − "
        "c)), and a code of 4 bits for them and 12 for every other takes 4 + 8 (1 − c).",
        at_source=UNNAMED,
        reference="Gibbs, against a law that is flat on either side",
        checks="H minus its bound, of every matrix, over 8 bits",
        needs="entropy and commonest exponents of matrices",
        tolerance="1e-12, as above",
        formal=("entropy_from_the_commonest", "entropy_of_the_commonest_alone", "escape_code_length"),
    ),
    Theorem(
        name="jensen_floor",
        kind="bound",
        statement="The expected squared error of a floor quantiser is at least a positive function of the variance and "
        "the step.",
        at_source="JensenFloor, as a companion post describes it; said to be in the Lean appendix, which was not seen",
        reference="a law on the lattice of the quantiser has any variance and no error",
        checks="nothing: no rung quantises by rounding down",
        needs="the error of a floor quantiser",
        refuted=True,
        formal=("floor_distortion_bound_is_vacuous",),
    ),
    Theorem(
        name="moment_ratio_bound",
        kind="bound",
        statement="A multiple of κ/σ², excess kurtosis over variance, bounds what a sign quantiser loses.",
        at_source="stated in prose by a companion post, as its moment ratio; no proof was seen",
        reference="the ratio changes with the unit of the activations, and the loss does not",
        checks="nothing: what no unit can change is compared with what any unit changes",
        needs="activations in two units",
        refuted=True,
        formal=("no_multiple_of_the_ratio_bounds_the_loss", "post_ratio_is_not_scale_free", "sign_gauge_is_scale_free"),
    ),
)
