"""The model at one bit per weight: every variant at each scope, the damage by depth, and continuations to read."""

from collections.abc import Mapping, Sequence

from reports.base.markdown import code, plain
from reports.base.number_table import Table
from reports.judge.one_bit_damage import Damage, Depth, OneBitDamage, one_bit_lines, prompts_text
from reports.pages.section import Part, Quoted, Section, Told

ORDER = 60
HELD_OUT = "held_out"  # the variant of a claim whose rotations were learned on other experts
COLUMNS = ("variant", "inflation", "interval", "between starts", "KL [nats]", "same top", "routers agree")


def section(told: Told) -> Section | None:
    """All of it, or None where the model was not quantised."""
    found = told.decision.one_bit_damage
    if found is None:
        return None
    parts: list[Part] = [] if found.empty is None else [f"**The claim is {found.empty}.**"]
    parts += [
        f"First continuation token of {prompts_text(found)}: {found.nll:.3f} nats unquantised, {found.uniform:.3f} for "
        f"a uniform output. {_unnamed(found)}Intervals: paired bootstrap over {_resampled(found)}. *Same top*: both "
        "models put the same token first. *Routers agree*: share of the chosen experts behind the first quantised "
        f"layer. {_variants_named(found)} *Between starts*: what rests on a Haar rotation is the mean over the "
        "registered ones; this is their standard deviation, in points, and their number. "
        f"Experts run as {code(found.experts_implementation)}."
    ]
    for layers, damages in found.scopes:
        parts += [f"With {layers} layer{'s' if layers > 1 else ''} quantised:", _variants(damages)]
    if found.depths:
        parts += ["By depth, inflation with one layer alone and with all layers up to it:", _depths(found.depths)]
    if found.continuations:
        parts.append("Continued greedily, every layer quantised:")
    for texts in found.continuations:
        parts.append(f"**{plain(texts['id'])}**")
        for what, text in texts.items():
            parts += [] if what == "id" else [f"{plain(what)}:", Quoted(text)]
    return Section("At one bit per weight", tuple(parts), tuple(one_bit_lines(found)))


def _variants_named(found: OneBitDamage) -> str:
    """What each variant is that was measured."""
    if any(damage.variant == HELD_OUT for _, damages in found.scopes for damage in damages):
        return (
            "All in the canonical parametrisation. Variants: `held_out` is each expert in rotations learned on the "
            "other half of its layer's experts, over every registered split and start; `held_out_unbiased` has another "
            "row scale, `held_out_frozen` keeps every token's experts and their weights as they were; `haar` and "
            "`haar_unbiased` are in rotations that were drawn."
        )
    return (
        "Variants: `unbiased` and `per_tensor` are other row scales in the learned basis, `frozen` keeps every token's "
        "experts and their weights as they were."
    )


def _resampled(found: OneBitDamage) -> str:
    return "prompts" if found.sources is None else "sources, each with all of its prompts"


def _unnamed(found: OneBitDamage) -> str:
    """What the file of prompts says nothing of."""
    domains = any(damage.by_domain for _, damages in found.scopes for damage in damages)
    if found.sources is not None:
        return "" if domains else "No prompt names a domain: they count as one. "
    said = "a source" if domains else "a source or a domain"
    counted = "each counts as its own source" if domains else "each counts as its own source, all as one domain"
    return f"No prompt names {said}: {counted}. "


def _variants(damages: Sequence[Damage]) -> Table:
    domains = tuple(dict.fromkeys(domain for damage in damages for domain in damage.by_domain))
    rows = tuple(
        (
            damage.variant,
            f"{damage.inflation:+.1%}",
            f"{damage.interval[0]:+.1%} to {damage.interval[1]:+.1%}",
            None if damage.scatter is None else f"{100 * damage.scatter:.1f} ({len(damage.by_start)})",
            damage.kl,
            f"{damage.same_top:.0%}",
            f"{damage.overlap:.0%}",
            *(_share(damage.by_domain, domain) for domain in domains),
        )
        for damage in damages
    )
    return Table("Inflation of each variant", (*COLUMNS, *domains), rows)


def _depths(depths: Sequence[Depth]) -> Table:
    variants = tuple(dict.fromkeys(variant for depth in depths for variant in depth.upto))
    columns = ("layer", *(f"{variant}, {what}" for variant in variants for what in ("alone", "up to it")))
    rows = tuple(
        (depth.layer, *(_share(of, variant) for variant in variants for of in (depth.alone, depth.upto)))
        for depth in depths
    )
    return Table("Inflation by depth", columns, rows)


def _share(of: Mapping[str, float], name: str) -> str | None:
    return f"{of[name]:+.1%}" if name in of else None
