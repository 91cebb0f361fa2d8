"""The postmortem's section on the model at one bit per weight."""

from collections.abc import Mapping, Sequence

from reports.base.markdown import code, plain, quoted, table
from reports.judge.one_bit_damage import Damage, Depth, OneBitDamage, prompts_text


def generation_section(found: OneBitDamage | None) -> str:
    """Every variant at each scope, the damage by depth, and continuations for people to read."""
    if found is None:
        return ""
    said = (
        f"First continuation token of {prompts_text(found)}: {found.nll:.3f} nats unquantised, {found.uniform:.3f} for "
        f"a uniform output. {_unnamed(found)}Intervals: paired bootstrap over prompts. *Same top*: both models put the "
        "same token first. *Routers agree*: share of the chosen experts behind the first quantised layer. Variants: "
        "`unbiased` and `per_tensor` are other row scales in the learned basis, `frozen` keeps every token's experts "
        "and their weights as they were. *Between starts*: what rests on a Haar rotation is the mean over the "
        "registered ones; this is their standard deviation, in points, and their number. "
        f"Experts run as {code(found.experts_implementation)}."
    )
    parts = [said]
    for layers, damages in found.scopes:
        parts.append(f"With {layers} layer{'s' if layers > 1 else ''} quantised:\n\n{_variants(damages)}")
    if found.depths:
        parts.append(
            f"By depth, inflation with one layer alone and with all layers up to it:\n\n{_depths(found.depths)}"
        )
    if found.continuations:
        shown = "\n\n".join(_continuation(texts) for texts in found.continuations)
        parts.append(f"Continued greedily, every layer quantised:\n\n{shown}")
    return "## At one bit per weight\n\n" + "\n\n".join(parts)


def _unnamed(found: OneBitDamage) -> str:
    """What the file of prompts says nothing of."""
    domains = any(damage.by_domain for _, damages in found.scopes for damage in damages)
    if found.sources is not None and domains:
        return ""
    if found.sources is not None:
        return "No prompt names a domain: they count as one. "
    said = "a source" if domains else "a source or a domain"
    counted = "each counts as its own source" if domains else "each counts as its own source, all as one domain"
    return f"No prompt names {said}: {counted}. "


def _variants(damages: Sequence[Damage]) -> str:
    domains = tuple(dict.fromkeys(domain for damage in damages for domain in damage.by_domain))
    columns = ("variant", "inflation", "interval", "between starts", "KL [nats]", "same top", "routers agree", *domains)
    rows = [
        [
            damage.variant,
            f"{damage.inflation:+.1%}",
            f"{damage.interval[0]:+.1%} to {damage.interval[1]:+.1%}",
            "—" if damage.scatter is None else f"{100 * damage.scatter:.1f} ({len(damage.by_start)})",
            f"{damage.kl:.3f}",
            f"{damage.same_top:.0%}",
            f"{damage.overlap:.0%}",
            *(f"{damage.by_domain[domain]:+.1%}" if domain in damage.by_domain else "—" for domain in domains),
        ]
        for damage in damages
    ]
    return table(columns, rows)


def _depths(depths: Sequence[Depth]) -> str:
    variants = tuple(dict.fromkeys(variant for depth in depths for variant in depth.upto))
    columns = ["layer", *(f"{variant}, {what}" for variant in variants for what in ("alone", "up to it"))]
    rows = [
        [
            str(depth.layer),
            *(_share(of, variant) for variant in variants for of in (depth.alone, depth.upto)),
        ]
        for depth in depths
    ]
    return table(columns, rows)


def _share(of: Mapping[str, float], variant: str) -> str:
    return f"{of[variant]:+.1%}" if variant in of else "—"


def _continuation(texts: Mapping[str, str]) -> str:
    parts = [f"{plain(what)}:\n\n{quoted(text)}" for what, text in texts.items() if what != "id"]
    return f"**{plain(texts['id'])}**\n\n" + "\n\n".join(parts)
