"""Whatever stands in the file: a preregistration, or one line of `BadInput`."""

import copy
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.prereg.known_metrics import metrics_for
from reports.prereg.known_names import OPTIMISERS, metrics
from reports.prereg.parsing.parse import parse_preregistration
from reports.prereg.parsing.test_parse import OPTIONAL, TEXT, TEXT_5, VALUES, VALUES_5, every_key, parse, with_value
from reports.prereg.preregistration import Prefilter
from reports.prereg.rules import AtLevel, MeanAtLeast, MeanAtMost, ShareBelow

pytestmark = pytest.mark.fuzz


def outcome(parse: Callable[[], object]) -> str:
    """What the parser says: its one line, or nothing where it is content. Any other exception passes through."""
    try:
        parse()
    except BadInput as error:
        return str(error)
    return ""


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_raise_bad_input_alone(raw: bytes) -> None:
    with pytest.raises(BadInput):
        parse_preregistration(raw, "rule.toml")


@given(st.sampled_from([TEXT, TEXT_5]), st.floats(0, 1), st.integers(0, 30), st.text(max_size=8))
def test_damaged_text_raises_bad_input_alone(text: str, where: float, cut: int, put: str) -> None:
    at = int(where * len(text))
    damaged = (text[:at] + put + text[at + cut :]).encode("utf-8", "surrogatepass")
    assert outcome(lambda: parse_preregistration(damaged, "rule.toml")).isprintable()


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


ROTATIONAL = ("rotations", "traps", "probes", "prefilter")
ANYWHERE = [(values, key) for values in (VALUES, VALUES_5) for key in every_key(values)]
ROTATING = [(values, key) for values, key in ANYWHERE if key.startswith((*ROTATIONAL, "controls"))]
ROTATING += [(VALUES, key) for key in OPTIONAL]


@given(st.sampled_from(ANYWHERE), toml_values)
def test_any_value_anywhere_raises_bad_input_alone(place: tuple[dict[str, Any], str], value: object) -> None:
    shipped, path = place
    said = outcome(lambda: parse(with_value(path, value, shipped)))
    assert said.isprintable()
    assert not said or said.startswith("rule.toml: ")


@given(st.sampled_from(ROTATING), toml_values)
def test_any_value_about_rotations_raises_bad_input_alone(place: tuple[dict[str, Any], str], value: object) -> None:
    shipped, path = place
    said = outcome(lambda: parse(with_value(path, value, shipped)))
    assert said.isprintable()
    assert not said or said.startswith("rule.toml: ")


def rotational(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [values["rotations"], values["prefilter"], *values["traps"], *values["probes"], *values["controls"][8:]]


@given(st.integers(0, len(rotational(VALUES)) - 1), st.text(min_size=1).filter(lambda key: not key.isidentifier()))
def test_a_key_that_was_never_registered_is_unknown(index: int, key: str) -> None:
    values = copy.deepcopy(VALUES)
    rotational(values)[index][key] = 1
    said = outcome(lambda: parse(values))
    assert "unknown key, expected one of " in said
    assert said.isprintable()


numbers = st.fixed_dictionaries(
    {
        "below": st.floats(0, 1),
        "at_least": st.floats(0, 1),
        "checkpoints": st.sets(st.integers(1, 16), min_size=1).map(sorted),
    }
)


@given(
    numbers, st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(0, 2**53 - 1),
    st.text("aß☃\"'\\#= ", min_size=1).filter(str.strip),
)  # fmt: skip
def test_valid_values_come_through_toml_unchanged(
    narrow: dict[str, Any], lift: float, over_tau: float, seed: int, title: str
) -> None:
    values = with_value("title", title)
    values["claims"][0] |= narrow
    values["claims"][1] |= {"at_least": lift, "over_tau": over_tau}
    values["interval"]["seed"] = seed
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg == parse(values)
    assert prereg.claim("narrow_d").rule == ShareBelow("energy_rank_95", narrow["below"], narrow["at_least"])
    assert prereg.claim("narrow_d").checkpoints == tuple(narrow["checkpoints"])
    assert prereg.claim("beta_lift").rule == MeanAtLeast("lift", lift, over_tau)
    assert (prereg.interval.seed, prereg.title) == (seed, title)


graduated = st.fixed_dictionaries(
    {"step_length": st.floats(1e-12, 1e15), "momentum": st.floats(0, 0.999), "smoothing": st.floats(1e-12, 1e15)}
)
learning = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(["per_matrix", "per_layer"]),
        "optimiser": st.sampled_from(OPTIMISERS),
        "steps": st.integers(1, 1_000_000),
        "radam": st.fixed_dictionaries(
            {
                "step_size": st.floats(1e-12, 1e15),
                "schedule": st.sampled_from(["constant", "cosine"]),
                "chart": st.just("orth_rebased"),
                "moment_decay": st.lists(st.floats(0, 0.999), min_size=2, max_size=2),
                "epsilon": st.floats(0, 1),
            }
        ),
        "graduated": graduated,
        "iterate": st.just("best"),
        "nulls": st.permutations(["gaussian", "spectral", "shuffled"]),
        **dict.fromkeys(("precision", "null_precision"), st.sampled_from(["float32", "float64"])),
        **dict.fromkeys(("start_seed", "draw_seed", "null_seed"), st.integers(0, 2**53 - 1)),
        **dict.fromkeys(("draws", "gaussian_draws"), st.integers(1, 10_000)),
        "null_experts": st.integers(1, 64),
        **dict.fromkeys(("rotation_bits", "scale_bits"), st.integers(1, 64)),
    }
)
shares = st.floats(0, 1)
probing = st.fixed_dictionaries(
    {
        **dict.fromkeys(("procrustes_steps", "annealed_steps", "momentum_steps"), st.integers(1, 1_000_000)),
        "budget_factor": st.integers(2, 1000),
        **dict.fromkeys(("agree_within", "gain_at_most", "band"), shares),
    },
    optional={"graduated": graduated},
)


def tupled(value: Any) -> Any:
    """Arrays as they are held."""
    if isinstance(value, dict):
        return {name: tupled(inner) for name, inner in value.items()}
    return tuple(value) if isinstance(value, list) else value


@given(learning, probing, st.floats(0, 1e15), st.booleans())
def test_valid_rotations_probe_and_budget_come_through_toml_unchanged(
    rotations: dict[str, Any], probe: dict[str, Any], bits: float, enforced: bool
) -> None:
    values = with_value("rotations", rotations)
    values["probes"][0] |= probe
    values["prefilter"] = {"bits_per_weight": bits, "enforced": enforced}
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg == parse(values)
    assert prereg.rotations is not None
    assert asdict(prereg.rotations) == {**tupled(rotations), "others": {}}
    assert asdict(prereg.probes[0]) == {"graduated": None, **tupled(values["probes"][0])}
    assert prereg.prefilter == Prefilter(bits, enforced)


@given(st.floats(0, 1e15), st.floats(0, 1e15) | st.none(), st.floats(-1e15, 1e15))
def test_valid_traps_come_through_toml_unchanged(within: float, lift_below: float | None, at_most: float) -> None:
    values = with_value("traps.1.at_most", at_most)
    values["traps"][0] |= {"within": within, "lift_below": lift_below}
    if lift_below is None:
        del values["traps"][0]["lift_below"]
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg.trap("random_rotation").rule == AtLevel("haar_beta", within, lift_below)
    assert prereg.trap("off_rotation").rule == MeanAtMost("off_gain", at_most)


LIFTS = ("lift", *metrics("mean_at_least", beside="lift"))  # of one measure


@given(
    st.sampled_from(metrics_for("share_below")),
    st.sampled_from(LIFTS),
)
def test_valid_metrics_come_through_toml_unchanged(narrow: str, lift: str) -> None:
    values = with_value("title", "A title", VALUES_5)
    values["claims"][0] |= {"metric": narrow, "sensitivity": []}
    values["claims"][1] |= {"metric": lift, "sensitivity": [other for other in LIFTS if other != lift]}
    damage = values["claims"][2]
    values["tolerances"] = dict.fromkeys((narrow, *LIFTS, damage["metric"], *damage["sensitivity"]), 0.01)
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg.claim("narrow_d").rule.metric == narrow
    assert prereg.claim("beta_lift").rule == MeanAtLeast(lift, 1.05)
    assert set(prereg.claim("beta_lift").sensitivity) == set(LIFTS) - {lift}


known_answers = st.fixed_dictionaries(
    {},
    optional={
        "optimiser": st.sampled_from(OPTIMISERS),
        **dict.fromkeys(("sheared", "landing_at_least"), shares),
    },
)
pairs = st.tuples(
    st.none() | st.tuples(st.floats(-1e15, 1e15), st.floats(0, 1e15)), st.none() | st.tuples(shares, st.floats(0, 1e15))
)


@given(known_answers, pairs)
def test_valid_optional_keys_of_a_control_come_through_toml_unchanged(
    known: dict[str, Any], found: tuple[tuple[float, float] | None, tuple[float, float] | None]
) -> None:
    for keys, pair in zip((("level", "tolerance"), ("unrotated", "unrotated_tolerance")), found, strict=True):
        known |= {} if pair is None else dict(zip(keys, pair, strict=True))
    bare = {key: VALUES["controls"][9][key] for key in ("name", "claim", "generator", "expected", "seed")}
    values = with_value("controls.9", {**bare, "experts": 2, "hidden_size": 8, "intermediate_size": 4, **known})
    control = parse_preregistration(toml(values).encode(), "rule.toml").controls[9]
    optional = ("optimiser", "sheared", "landing_at_least", "level", "tolerance", "unrotated", "unrotated_tolerance")
    assert {key: getattr(control, key) for key in optional} == {**dict.fromkeys(optional), **known}


def toml(values: dict[str, Any]) -> str:
    """`values` as one inline TOML table per key, which is all that these tests need."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in values.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return '"' + re.sub(r'[\x00-\x1f"\\\x7f]', lambda match: f"\\u{ord(match[0]):04x}", value) + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)
