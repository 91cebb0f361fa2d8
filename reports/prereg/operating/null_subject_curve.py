"""How often a rung of structure is called VACUOUS, by how often noise would meet its rules. Pure, exact.

k draws of the null subject are judged as the subject is, and VACUOUS is concluded where more than half of them meet
every gate. Draws are independent: if one meets all gates with probability p, as many do as a binomial law of k and p
says. For an odd k the chance of a majority is the regularised incomplete beta function I_p(m, m), m = (k + 1)/2.
"""

from dataclasses import dataclass

from reports.prereg.preregistration import Preregistration

TRUTHS = (0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.99)
UNSURE = 0.05  # of repetitions that may come out the other way before sampling is said not to decide [-]


@dataclass(frozen=True)
class NullSubjectCurve:
    draws: int
    needed: int  # draws that meet every gate, for VACUOUS
    points: tuple[tuple[float, float], ...]  # (p, the chance that most draws meet every gate) [-]
    undecided: tuple[float, float]  # p between which either answer comes out in more than `UNSURE` of repetitions [-]


def null_subject_curve(prereg: Preregistration) -> NullSubjectCurve | None:
    """None for a rung that does not ask for structure."""
    if prereg.null_subject is None:
        return None
    from scipy.special import betaincinv  # noqa: PLC0415 - `--help` does not wait for scipy

    draws = prereg.null_subject.draws
    m = (draws + 1) // 2
    undecided = (float(betaincinv(m, m, UNSURE)), float(betaincinv(m, m, 1.0 - UNSURE)))
    return NullSubjectCurve(draws, m, tuple((p, vacuous(draws, p)) for p in TRUTHS), undecided)


def vacuous(draws: int, p: float) -> float:
    """The chance that more than half of an odd number of draws meet every gate, if one does with probability p [-]."""
    from scipy.special import betainc  # noqa: PLC0415 - as above

    m = (draws + 1) // 2
    return float(betainc(m, m, p))


def null_curve_lines(curve: NullSubjectCurve) -> list[str]:
    """The curve as `lint` prints it."""
    low, high = curve.undecided
    return [
        f"null subject: a subject that meets every gate is VACUOUS if {curve.needed} or more of {curve.draws} draws "
        "do, by the probability p that one does:",
        *(f"  {p:g}: VACUOUS {chance:.1%}, SURVIVED {1.0 - chance:.1%}" for p, chance in curve.points),
        f"  p from {low:.2f} to {high:.2f}: {curve.draws} {'draw' if curve.draws == 1 else 'draws'} cannot decide; "
        f"other seeds give the other verdict more than {UNSURE:.0%} of the time",
    ]
