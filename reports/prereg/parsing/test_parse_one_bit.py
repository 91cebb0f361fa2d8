"""Claims about the whole model as they are registered: every key's refusals, and what must stand together."""

import copy
import datetime
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.prereg.known_metrics import metrics_for
from reports.prereg.known_names import GENERATORS, MODELS, OPTIMISERS
from reports.prereg.parsing.parse import parse_preregistration
from reports.prereg.parsing.test_parse import VALUES, VALUES_5, every_key, parse, with_value, without
from reports.prereg.parsing.test_parse_fuzz import outcome, toml, toml_values
from reports.prereg.preregistration import ControlModel, OneBit
from reports.prereg.rules import ClosingAbove, ClosingAtMost, LargestAtMost

PLANTED = next(i for i, control in enumerate(VALUES["controls"]) if control["name"] == "planted_one_bit")
MODEL = f"controls.{PLANTED}.model"
IN_MODEL = f"controls[{PLANTED}].model"
nan, inf = math.nan, math.inf


def said(path: str, value: object) -> str:
    """The one line in which the shipped rule with one value replaced is refused."""
    with pytest.raises(BadInput) as caught:
        parse(with_value(path, value))
    text = str(caught.value)
    assert text.isprintable()
    return text.removeprefix("rule.toml: ")


REFUSED = [
    ("one_bit", [], "one_bit: obtained an array, expected a table, written [one_bit]"),
    ("one_bit.dtype", "float16", "one_bit.dtype: obtained the text 'float16', expected one of float32, bfloat16"),
    ("one_bit.row_scale", "unbiased", "one_bit.row_scale: obtained the text 'unbiased', expected one of least_squares"),
    ("one_bit.best_of", [], "one_bit.best_of: obtained an array, expected at least one optimiser"),
    ("one_bit.best_of", ["adam"], "one_bit.best_of[0]: obtained the text 'adam', expected one of anne"),
    ("one_bit.best_of", ["radam"] * 2, "one_bit.best_of: obtained the text 'radam', expected every name once"),
    ("one_bit.best_of", "radam", "one_bit.best_of: obtained the text 'radam', expected an array"),
    ("one_bit.starts", 0, "one_bit.starts: obtained 0, expected an integer from 1 to 1000"),
    ("one_bit.starts", 2.5, "one_bit.starts: obtained 2.5, expected an integer from 1 to 1000"),
    ("one_bit.scopes", [], "one_bit.scopes: obtained [], expected numbers of layers in ascending order, at most 16"),
    ("one_bit.scopes", [16, 4], "one_bit.scopes: obtained [16, 4], expected numbers of layers in ascending order, at"),
    ("one_bit.scopes", [4, 4], "one_bit.scopes: obtained [4, 4], expected numbers of layers in ascending order, at mo"),
    ("one_bit.scopes", [4, 17], "one_bit.scopes[1]: obtained 17, expected an integer from 1 to 16"),
    ("one_bit.scopes", [0, 16], "one_bit.scopes[0]: obtained 0, expected an integer from 1 to 16"),
    ("one_bit.scopes", [4.0, 16], "one_bit.scopes[0]: obtained 4.0, expected an integer from 1 to 16"),
    ("one_bit.batch_tokens", 0, "one_bit.batch_tokens: obtained 0, expected an integer from 1 to 10000000"),
    ("one_bit.batch_tokens", 10**7 + 1, "one_bit.batch_tokens: obtained 10000001, expected an integer from 1 to"),
    ("one_bit.continuations", -1, "one_bit.continuations: obtained -1, expected an integer from 0 to 100000"),
    ("one_bit.continuations", True, "one_bit.continuations: obtained the boolean true, expected an integer from 0 to"),
    ("one_bit.continuation_tokens", 0, "one_bit.continuation_tokens: obtained 0, expected an integer from 1 to 10000"),
    ("one_bit.seed", 1, "one_bit.seed: unknown key, expected one of dtype, row_scale, best_of, starts"),
    ("claims.2.order", 15, "claims[2].order: obtained 15, expected an array"),
    ("claims.2.order", [16], "claims[2].order[0]: obtained 16, expected an integer from 0 to 15"),
    ("claims.2.order", [-1], "claims[2].order[0]: obtained -1, expected an integer from 0 to 15"),
    ("claims.2.order", [3, True], "claims[2].order[1]: obtained the boolean true, expected an integer from 0 to 15"),
    ("claims.2.order", [15, 3, 15], "claims[2].order: obtained an array, expected every layer at most once"),
    ("claims.2.at_most", nan, "claims[2].at_most: obtained nan, expected a number from -1e+15"),
    ("claims.2.at_least", 0.1, "claims[2].at_least: unknown key, expected one of name, label"),
    ("claims.2.over_tau", 0.1, "claims[2].over_tau: unknown key, expected one of name, label"),
    ("claims.2.metric", "lift", "claims[2].metric: obtained the text 'lift', expected one of held_out_infl"),
    ("claims.2.metric", "inflation_unrotated", "claims[2].metric: obtained the text 'inflation_unrotated', expected"),
    ("claims.2.sensitivity", ["inflation"], "claims[2].sensitivity[0]: obtained the text 'inflation', expected one of"),
    ("claims.1.metric", "inflation", "claims[1].metric: obtained the text 'inflation', expected one of centred_lan"),
    ("tolerances.inflation", -0.1, "tolerances.inflation: obtained -0.1, expected a number from 0 to 1"),
    ("traps.2.rule", "closing_above", "traps[2].at_most: unknown key, expected one of name, claim, rule, metric, abov"),
    ("traps.3.rule", "largest_at_most", "traps[3].above: unknown key, expected one of name, claim, rule, metric, at_m"),
    ("traps.2.metric", "off_gain", "traps[2].metric: obtained the text 'off_gain', expected one of canonical_triv"),
    ("traps.2.at_most", -1e-9, "traps[2].at_most: obtained -1e-09, expected a number from 0"),
    ("traps.2.at_most", nan, "traps[2].at_most: obtained nan, expected a number from 0"),
    ("traps.3.metric", "inflation", "traps[3].metric: obtained the text 'inflation', expected one of inflation_haar_"),
    ("traps.3.above", inf, "traps[3].above: obtained inf, expected a number from -1e+15 to 1e+15"),
    (MODEL, 3, f"{IN_MODEL}: obtained 3, expected a table, written [{IN_MODEL}]"),
    (f"{MODEL}.layers", 0, f"{IN_MODEL}.layers: obtained 0, expected an integer from 1 to 1000"),
    (f"{MODEL}.experts_per_token", 17, f"{IN_MODEL}.experts_per_token: obtained 17, expected an integer from 1 to 16"),
    (f"{MODEL}.experts_per_token", 0, f"{IN_MODEL}.experts_per_token: obtained 0, expected an integer from 1 to 100"),
    (f"{MODEL}.heads", 0, f"{IN_MODEL}.heads: obtained 0, expected an integer from 1 to 1000"),
    (f"{MODEL}.vocab_size", 3, f"{IN_MODEL}.vocab_size: obtained 3, expected an integer from 4 to 10000000"),
    (f"{MODEL}.scale", 0, f"{IN_MODEL}.scale: obtained 0.0, expected a standard deviation above 0, at most 1000"),
    (f"{MODEL}.scale", -0.1, f"{IN_MODEL}.scale: obtained -0.1, expected a number from 0 to 1000"),
    (f"{MODEL}.scale", 1001, f"{IN_MODEL}.scale: obtained 1001, expected a number from 0 to 1000"),
    (f"{MODEL}.scale", nan, f"{IN_MODEL}.scale: obtained nan, expected a number from 0 to 1000"),
    (f"{MODEL}.prompts", 1, f"{IN_MODEL}.prompts: obtained 1, expected an integer from 2 to 100000"),
    (f"{MODEL}.prompt_tokens", 0, f"{IN_MODEL}.prompt_tokens: obtained 0, expected an integer from 1 to 10000"),
    (f"{MODEL}.nll", -1.4, f"{IN_MODEL}.nll: obtained -1.4, expected a number from 0 to 100"),
    (f"{MODEL}.nll", 101, f"{IN_MODEL}.nll: obtained 101, expected a number from 0 to 100"),
    (f"{MODEL}.nll_tolerance", -0.1, f"{IN_MODEL}.nll_tolerance: obtained -0.1, expected a number from 0 to 100"),
    (f"{MODEL}.nll_tolerance", nan, f"{IN_MODEL}.nll_tolerance: obtained nan, expected a number from 0 to 100"),
    (f"{MODEL}.basis", "random", f"{IN_MODEL}.basis: obtained the text 'random', expected one of learned, unrotated"),
    (f"{MODEL}.basis", None, f"{IN_MODEL}.basis: missing, expected in which basis it is quantised; add it"),
    (f"{MODEL}.seed", 1, f"{IN_MODEL}.seed: unknown key, expected one of layers, experts_per_token, heads"),
    (f"controls.{PLANTED}.sheared", 0.1, f"controls[{PLANTED}].sheared: unknown key, expected one of name, claim"),
    (f"controls.{PLANTED}.unrotated", 0.6, f"controls[{PLANTED}].unrotated: unknown key, expected one of name, claim"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_wrong_value_is_refused_by_name(path: str, value: object, message: str) -> None:
    assert said(path, value).startswith(message)


KEYS = [f"one_bit.{key}" for key in every_key(VALUES["one_bit"]) if not key[-1].isdigit()]
KEYS += [f"{MODEL}.{key}" for key in VALUES["controls"][PLANTED]["model"]]


@pytest.mark.parametrize("path", [*KEYS, "one_bit", MODEL])
def test_nothing_about_the_model_has_a_default(path: str) -> None:
    with pytest.raises(BadInput, match=rf"\b{path.rsplit('.', maxsplit=1)[-1]}: missing, expected"):
        parse(without(path))


def test_every_refusal_above_is_of_a_key_of_its_own_or_more() -> None:
    """No key of the two tables was forgotten."""
    assert {path for path, _, _ in REFUSED} >= set(KEYS)


@pytest.mark.parametrize("value", [datetime.date(2026, 1, 1), nan, 3, "x", [{}]])
def test_the_table_is_refused_before_it_is_digested(value: object) -> None:
    assert said("one_bit", value).startswith("one_bit: obtained ")


def without_the_model(values: dict[str, Any]) -> dict[str, Any]:
    """The shipped rule without its claim about the whole model, and without what belongs to it."""
    values = copy.deepcopy(values)
    del values["one_bit"], values["claims"][2]
    values["traps"] = [trap for trap in values["traps"] if trap["claim"] != "one_bit_nll"]
    values["controls"] = [control for control in values["controls"] if control["claim"] != "one_bit_nll"]
    values["tolerances"] = {key: value for key, value in values["tolerances"].items() if "inflation" not in key}
    return values


@pytest.mark.parametrize("shipped", [VALUES, VALUES_5])
def test_the_quantiser_is_registered_exactly_with_a_claim_about_the_model(shipped: dict[str, Any]) -> None:
    bare = without_the_model(shipped)
    assert parse(bare).one_bit is None
    said = r"^rule\.toml: one_bit: obtained a table, expected no table without such a claim$"
    with pytest.raises(BadInput, match=said):
        parse({**bare, "one_bit": shipped["one_bit"]})
    said = r"^rule\.toml: one_bit: missing, expected how its claim about the whole model quantises$"
    with pytest.raises(BadInput, match=said):
        parse(without("one_bit", shipped))


def test_a_claim_about_the_model_alone_needs_rotations() -> None:
    values = copy.deepcopy(VALUES)
    values["claims"] = values["claims"][2:]
    values["controls"] = [control for control in values["controls"] if control["claim"] == "one_bit_nll"]
    values["tolerances"] = {key: value for key, value in values["tolerances"].items() if "inflation" in key}
    for key in ("traps", "probes", "prefilter", "secondaries"):
        del values[key]
    assert parse(values).rotations is not None
    del values["rotations"]
    with pytest.raises(BadInput, match=r"^rule\.toml: rotations: missing, expected how the rotations of its claims"):
        parse(values)


def test_a_control_of_another_claim_has_no_model() -> None:
    model = VALUES["controls"][PLANTED]["model"]
    for index in (0, 8):  # of narrow_d and of beta_lift
        assert said(f"controls.{index}.model", model).startswith(
            f"controls[{index}].model: unknown key, expected one of name, claim, generator"
        )


@pytest.mark.parametrize("generator", GENERATORS)
def test_only_some_generators_make_whole_models(generator: str) -> None:
    control = {
        key: value for key, value in VALUES["controls"][PLANTED].items() if key not in ("rank", "noise_energy", "beta")
    }
    told = {"rank": 0.2, "noise_energy": 0.01, "beta": 0.6, "distinct": 4, "tail": 0.6}
    control |= {"generator": generator} | {key: told[key] for key in GENERATORS[generator]}
    values = with_value(f"controls.{PLANTED}", control)
    if generator in MODELS:
        assert parse(values).controls[PLANTED].generator == generator
        return
    allowed = f"one of {', '.join(MODELS)} for a claim about the whole model"
    with pytest.raises(BadInput, match=rf"generator: obtained the text '{generator}', expected {allowed}$"):
        parse(values)


def test_an_order_may_be_given_for_any_claim_or_for_none() -> None:
    assert [claim.order for claim in parse(VALUES).claims] == [(), (), (15,)]
    assert parse(with_value("claims.0.order", [3, 1])).claim("narrow_d").order == (3, 1)
    assert parse(without("claims.2.order")).claim("one_bit_nll").order == ()


def test_only_rules_on_the_last_layer_are_about_the_model() -> None:
    prereg = parse(VALUES)
    assert [claim.of_model for claim in prereg.claims] == [False, False, True]


@pytest.mark.fuzz
@given(st.sampled_from([VALUES, VALUES_5]), st.sampled_from([*KEYS, "one_bit", MODEL, "claims.2.order"]), toml_values)
def test_any_value_raises_bad_input_alone(shipped: dict[str, Any], path: str, value: object) -> None:
    if path == "one_bit":
        value = {"dtype": value}  # the table itself: see above
    text = outcome(lambda: parse(with_value(path, value, shipped)))
    assert text.isprintable()
    assert not text or text.startswith("rule.toml: ")


layer_counts = st.sets(st.integers(1, 16), min_size=1).map(sorted)
quantisers = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["float32", "bfloat16"]),
        "row_scale": st.just("least_squares"),
        "best_of": st.lists(st.sampled_from(OPTIMISERS), min_size=1, unique=True),
        "starts": st.integers(1, 1000),
        "scopes": layer_counts.map(lambda scopes: sorted({*scopes, 16})),
        "batch_tokens": st.integers(1, 10_000_000),
        "continuations": st.integers(0, 100_000),
        "continuation_tokens": st.integers(1, 10_000),
    }
)
models = st.fixed_dictionaries(
    {
        "layers": st.integers(1, 1000),
        "experts_per_token": st.integers(1, 16),
        "heads": st.just(4),
        "vocab_size": st.integers(4, 10_000_000),
        "scale": st.floats(0, 1e3, exclude_min=True),
        "prompts": st.integers(2, 100_000),
        "prompt_tokens": st.integers(1, 10_000),
        "nll": st.floats(0, 100),
        "nll_tolerance": st.floats(0, 100),
        "basis": st.sampled_from(["learned", "unrotated"]),
    }
)


@pytest.mark.fuzz
@given(
    quantisers, models, st.permutations(range(16)).flatmap(lambda rows: st.integers(0, 16).map(lambda n: rows[:n])),
    st.floats(-1e15, 1e15), st.floats(0, 1e15), st.floats(-1e15, 1e15),
)  # fmt: skip
def test_valid_values_come_through_toml_unchanged(
    quantiser: dict[str, Any], model: dict[str, Any], order: list[int], at_most: float, trivial: float, above: float
) -> None:
    values = with_value("one_bit", quantiser)
    values["controls"][PLANTED]["model"] = model
    values["claims"][2] |= {"order": order, "at_most": at_most}
    values["traps"][2]["at_most"] = trivial
    values["traps"][3]["above"] = above
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg == parse(values)
    tuples: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in quantiser.items()
    }
    assert prereg.one_bit == OneBit(**tuples)
    assert prereg.controls[PLANTED].model == ControlModel(**model)
    claim = prereg.claim("one_bit_nll")
    assert (claim.rule, claim.order) == (ClosingAtMost("inflation", at_most), tuple(order))
    assert prereg.trap("trivial_pass").rule == LargestAtMost("triviality", trivial)
    assert prereg.trap("unrotated_one_bit").rule == ClosingAbove("inflation_unrotated", above)


# What can only fail hours later must be refused before.


SENSITIVITIES = sorted(set(metrics_for("closing_at_most")) - set(metrics_for("closing_at_most", registered=True)))


@pytest.mark.parametrize("metric", SENSITIVITIES)
def test_a_claim_is_judged_by_the_registered_quantiser(metric: str) -> None:
    """The cells between scopes hold `nll_learned` alone, and so do the controls."""
    values = with_value("claims.2.metric", metric)
    values["claims"][2]["sensitivity"] = []
    values["tolerances"] = {key: value for key, value in values["tolerances"].items() if "inflation_" not in key}
    values["tolerances"] = {key: value for key, value in values["tolerances"].items() if key != "inflation"}
    values["tolerances"][metric] = 0.02
    with pytest.raises(
        BadInput,
        match=rf"claims\[2\]\.metric: obtained the text '{metric}', expected one of held_out_inflation, key_inflation",
    ):
        parse(values)


@pytest.mark.parametrize("scopes", [[4], [4, 8]])
def test_sensitivity_is_measured_wherever_the_claim_is_judged(scopes: list[int]) -> None:
    assert said("one_bit.scopes", scopes).startswith("one_bit.scopes: ")
    values = with_value("one_bit.scopes", scopes)
    values["claims"][2]["sensitivity"] = []
    values["tolerances"] = {key: value for key, value in values["tolerances"].items() if "inflation_" not in key}
    one_bit = parse(values).one_bit
    assert one_bit is not None
    assert one_bit.scopes == tuple(scopes)


@pytest.mark.parametrize("index", [2, 3])
def test_traps_that_run_the_model_belong_to_a_claim_about_it(index: int) -> None:
    assert said(f"traps.{index}.claim", "beta_lift").startswith(f"traps[{index}].claim: ")
