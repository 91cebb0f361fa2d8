"""TOML to `Preregistration`, strictly: what was not registered in so many words is refused, never guessed.

A missing key has no default, an unknown one is no comment. Every fault is one line of `BadInput` that names file,
dotted key, what was obtained and what is allowed.
"""

import tomllib
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import cast

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput
from reports.base.files import read_regular
from reports.parsing.parse_one_bit import parse_model, parse_one_bit, parse_order
from reports.parsing.parse_rotations import (
    optimisers,
    parse_prefilter,
    parse_probe,
    parse_rotations,
    parse_trap,
    require_settings,
)
from reports.parsing.parse_secondaries import parse_secondary
from reports.parsing.parse_subject import parse_subject
from reports.parsing.table import Table, closest
from reports.prereg.measures import measure_file, measure_of, metrics_for, needs
from reports.prereg.preregistration import Claim, Control, Expected, Interval, Preregistration, Secondary, Subject
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, Rule, ShareBelow

SIZE_LIMIT = 1_000_000  # bytes; a preregistration has about ten thousand
MOST_DOTS = 100  # before the = of one line
LARGEST_SIZE = 1_000_000  # of an axis or a count of experts; far above any model

BOUNDS = {"share_below": ("below", "at_least"), "mean_at_least": ("at_least",), "closing_at_most": ("at_most",)}
BESIDE = {"mean_at_least": ("over_tau",)}  # bounds that a rule may have or not

# What each generator of controls has to be told beside its shape and seed
GENERATORS = {
    "low_rank_plus_noise": ("rank", "noise_energy"),
    "gaussian": (),
    "identity": (),
    "rank_one": (),
    "peaky_codebook": ("rank", "noise_energy", "beta"),
    "sign_lattice": ("distinct",),
}
MODELS = ("gaussian", "peaky_codebook")  # generators whose experts can be those of a whole model
KNOWN = (("level", "tolerance"), ("unrotated", "unrotated_tolerance"))  # what a control may be known to show, in pairs
KEYS = (
    "rung",
    "design",
    "round",
    "draft",
    "title",
    "prediction",
    "subject",
    "interval",
    "tolerances",
    "claims",
    "controls",
)
OPTIONAL = ("rotations", "traps", "probes", "prefilter", "one_bit", "secondaries")
SHAPE = ("experts", "hidden_size", "intermediate_size")


def load_preregistration(path: Path) -> Preregistration:
    """The preregistration in the file `path`. Raises `BadInput` where it cannot be read or is not valid."""
    return parse_preregistration(read_preregistration(path), path.name)


def read_preregistration(path: Path) -> bytes:
    """The bytes of the file, so that they can be digested and parsed from one reading."""
    try:
        raw = read_regular(path, SIZE_LIMIT)
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.toml"))
        listed = f"; there are {', '.join(known)}" if known else ""
        raise BadInput(f"{path.name}: no such preregistration{listed}{closest(path.stem, known)}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name}: cannot be read ({getattr(error, 'strerror', error)})") from None
    if len(raw) > SIZE_LIMIT:
        raise BadInput(f"{path.name}: more than {SIZE_LIMIT} bytes, expected a preregistration of a few thousand")
    return raw


def parse_preregistration(raw: bytes, where: str) -> Preregistration:
    """The preregistration in `raw`; `where` begins every message. Raises `BadInput` and nothing else."""
    try:
        text = raw.decode("utf-8")
        keys = (line.partition("=")[0] for line in text.splitlines())
        if any(key.count(".") > MOST_DOTS for key in keys):  # tomllib is quadratic in them
            raise BadInput(f"{where}: a key of more than {MOST_DOTS} parts, expected the tables of a preregistration")
        values = tomllib.loads(text)
    except RecursionError:
        raise BadInput(f"{where}: nested too deeply, expected the tables of a preregistration") from None
    except ValueError as error:  # not UTF-8, not TOML, a key that stands twice, an integer of thousands of digits
        reason = str(error).encode("ascii", "backslashreplace").decode("ascii").replace("\n", " ")[:200]
        raise BadInput(f"{where}: not valid TOML ({reason}); repair that line") from None
    return parse_table(Table(where, "", values))


def parse_table(table: Table) -> Preregistration:
    """As `parse_preregistration`, of values already read."""
    table.only(KEYS, OPTIONAL)
    subject = parse_subject(table.table("subject"))
    claims = tuple(_claim(entry, subject) for entry in table.tables("claims"))
    if not claims:
        table.refuse("claims", [], "at least one claim")
    _once(table, "claims", (claim.name for claim in claims))
    controls = tuple(_control(entry, claims) for entry in table.tables("controls"))
    _once(table, "controls", (control.name for control in controls))
    names = [claim.name for claim in claims]
    whole = [claim.name for claim in claims if claim.of_model]
    traps = tuple(parse_trap(entry, names, whole) for entry in table.tables("traps")) if table.has("traps") else ()
    _once(table, "traps", (trap.name for trap in traps))
    probes = (
        tuple(parse_probe(entry, names, controls) for entry in table.tables("probes")) if table.has("probes") else ()
    )
    _once(table, "probes", (probe.name for probe in probes))
    secondaries = _secondaries(table, claims) if table.has("secondaries") else ()
    generating = any(claim.of_model for claim in claims)
    if generating != table.has("one_bit"):
        allowed = "how its claim about the whole model quantises" if generating else "no table without such a claim"
        raise BadInput(f"{table.where}: one_bit: {'missing' if generating else 'obtained a table'}, expected {allowed}")
    rotating = any("rotations" in needs(claim.rule.metric) for claim in claims) or bool(
        traps or probes or generating or table.has("prefilter")
    )
    if rotating and not table.has("rotations"):
        raise BadInput(
            f"{table.where}: rotations: missing, expected how the rotations of its claims are learned; add it"
        )
    rotations = parse_rotations(table.table("rotations"), subject) if table.has("rotations") else None
    one_bit = parse_one_bit(table.table("one_bit"), subject, claims) if generating else None
    if rotations is not None:
        named = [control.optimiser for control in controls if control.optimiser is not None]
        require_settings(table, rotations, [rotations.optimiser, *(one_bit.best_of if one_bit else ()), *named])
    prefilter = parse_prefilter(table.table("prefilter")) if table.has("prefilter") else None
    return Preregistration(
        rung=table.matching("rung", "[A-Za-z0-9][A-Za-z0-9-]{0,63}", "a name of letters, digits and -"),
        design=table.integer("design", 1, 999),
        round=table.integer("round", 1, 999),
        draft=table.boolean("draft"),
        title=table.text("title"),
        prediction=table.text("prediction", lines=True),
        subject=subject,
        claims=claims,
        controls=controls,
        interval=_interval(table.table("interval")),
        tolerances=_tolerances(table.table("tolerances"), claims),
        canonical_sha256=sha256_hex(canonical_json(table.values)),  # after every value was found to be one of JSON's
        traps=traps,
        probes=probes,
        rotations=rotations,
        prefilter=prefilter,
        one_bit=one_bit,
        secondaries=secondaries,
    )


def _claim(table: Table, subject: Subject) -> Claim:
    common = ("name", "label", "statement", "rule", "metric", "checkpoints", "sensitivity")
    table.only(("rule",), [key for key in table.values if key != "rule"])  # the rule says which other keys there are
    kind = table.choice("rule", BOUNDS)
    table.only((*common, *BOUNDS[kind]), (*BESIDE.get(kind, ()), "order"))
    metric = table.choice("metric", metrics_for(kind, registered=True))
    if table.has("over_tau") and metric != "lift":
        table.refuse("over_tau", table.values["over_tau"], "no margin: τ is a lift, and is compared with lifts alone")
    checkpoints = table.integers("checkpoints", 1, subject.layers)
    if not checkpoints or any(later <= earlier for earlier, later in pairwise(checkpoints)):
        raise BadInput(
            f"{table.where}: {table.key('checkpoints')}: obtained {list(checkpoints)}, expected numbers of layers in "
            f"ascending order, at most {subject.layers}"
        )
    return Claim(
        name=table.identifier("name"),
        label=table.text("label"),
        statement=table.text("statement", lines=True),
        rule=_rule(table, kind, metric),
        checkpoints=checkpoints,
        sensitivity=table.choices("sensitivity", _others(kind, metric)),
        order=parse_order(table, subject.layers) if table.has("order") else (),
    )


def _others(kind: str, metric: str) -> list[str]:
    """What the same measure hands over for the same kind of rule: a claim's sensitivity."""
    known = (other for other in metrics_for(kind) if measure_of(other) == measure_of(metric))
    return [other for other in known if other != metric]


def _rule(table: Table, kind: str, metric: str) -> Rule:
    if kind == "share_below":
        return ShareBelow(metric, below=table.share("below"), at_least=table.share("at_least"))
    if kind == "mean_at_least":
        over_tau = table.number("over_tau", 0.0) if table.has("over_tau") else None
        return MeanAtLeast(metric, at_least=table.number("at_least"), over_tau=over_tau)
    return ClosingAtMost(metric, at_most=table.number("at_most"))


def _control(table: Table, claims: tuple[Claim, ...]) -> Control:
    common = ("name", "claim", "generator", "expected", "seed", *SHAPE)
    table.only(("generator", "claim"), [key for key in table.values if key not in ("generator", "claim")])
    generator = table.choice("generator", GENERATORS)
    name = table.choice("claim", [claim.name for claim in claims])
    metric = next(claim.rule.metric for claim in claims if claim.name == name)
    rotating = "landing" in measure_file(metric).METRICS  # what is registered of a landing makes no sense elsewhere
    generating = any(claim.name == name and claim.of_model for claim in claims)
    if generating and generator not in MODELS:
        table.refuse("generator", generator, f"one of {', '.join(MODELS)} for a claim about the whole model")
    known = KNOWN if rotating else KNOWN[:1]
    beside = ("optimiser", "sheared", "landing_at_least") if rotating else ()
    whole = ("model",) if generating else ()
    table.only((*common, *whole, *GENERATORS[generator]), (*beside, *(key for pair in known for key in pair)))
    for pair in KNOWN:
        if table.has(pair[0]) != table.has(pair[1]):
            missing = pair[1] if table.has(pair[0]) else pair[0]
            raise BadInput(f"{table.where}: {table.key(missing)}: missing, expected {' and '.join(pair)} together")
    rank = table.share("rank") if table.has("rank") else None
    if rank == 0.0:
        table.refuse("rank", rank, "a share of d above 0")
    noise_energy = table.share("noise_energy") if table.has("noise_energy") else None
    if noise_energy == 1.0:
        table.refuse("noise_energy", noise_energy, "a share of the energy below 1")
    return Control(
        name=table.identifier("name"),
        claim=name,
        generator=generator,
        expected=cast(Expected, table.choice("expected", ("MET", "KILLED", "INCONCLUSIVE"))),
        seed=table.integer("seed", 0),
        experts=table.integer("experts", 1, LARGEST_SIZE),
        hidden_size=table.integer("hidden_size", 1, LARGEST_SIZE),
        intermediate_size=table.integer("intermediate_size", 1, LARGEST_SIZE),
        rank=rank,
        noise_energy=noise_energy,
        beta=table.share("beta") if table.has("beta") else None,
        distinct=table.integer("distinct", 1, LARGEST_SIZE) if table.has("distinct") else None,
        optimiser=table.choice("optimiser", optimisers()) if table.has("optimiser") else None,
        sheared=table.share("sheared") if table.has("sheared") else None,
        level=table.number("level") if table.has("level") else None,
        tolerance=table.number("tolerance", 0.0) if table.has("tolerance") else None,
        unrotated=table.share("unrotated") if table.has("unrotated") else None,
        unrotated_tolerance=table.number("unrotated_tolerance", 0.0) if table.has("unrotated_tolerance") else None,
        landing_at_least=table.share("landing_at_least") if table.has("landing_at_least") else None,
        model=parse_model(table.table("model"), table.integer("experts", 1, LARGEST_SIZE)) if generating else None,
    )


def _secondaries(table: Table, claims: tuple[Claim, ...]) -> tuple[Secondary, ...]:
    relative = metrics_for("secondary")
    measured = {measure_of(metric) for metric in relative}
    dimensional = [claim.name for claim in claims if measure_of(claim.rule.metric) in measured]
    secondaries = tuple(parse_secondary(entry, dimensional, relative) for entry in table.tables("secondaries"))
    _once(table, "secondaries", (secondary.name for secondary in secondaries))
    return secondaries


def _interval(table: Table) -> Interval:
    table.only(("level", "draws", "seed"))
    level = table.share("level")
    if level in (0.0, 1.0):
        table.refuse("level", level, "a share between 0 and 1, both excluded")
    return Interval(level=level, draws=table.integer("draws", 100, 10_000_000), seed=table.integer("seed", 0))


def _tolerances(table: Table, claims: tuple[Claim, ...]) -> dict[str, float]:
    """One for every metric that a claim measures, and for no other: each must be reproducible within something."""
    table.only(dict.fromkeys(metric for claim in claims for metric in (claim.rule.metric, *claim.sensitivity)))
    return {metric: table.number(metric, 0.0, 1.0) for metric in table.values}


def _once(table: Table, key: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            table.refuse(f"{key}[{i}].name", name, "a name that no other has")
        seen.add(name)
