"""What is known of the model whose weights are judged, before and while they are read."""

from dataclasses import dataclass

from reports.base.canonical import sha256_hex
from reports.base.errors import Tampered
from reports.prereg.measurement import Of
from reports.prereg.preregistration import Cell, Preregistration

NOT_SEALED = "digests as recorded, not sealed"  # how a line begins that says so


@dataclass(frozen=True)
class SubjectFacts:
    """What is known of the subject before a weight is read."""

    name: str
    location: str
    revision: str | None  # the resolved commit of a hub model
    layers: tuple[int, ...]  # those that have experts, ascending
    exploratory: bool  # not the subject that was sealed
    sealed_layer_sha256: tuple[str, ...] | None
    sealed_model_sha256: str | None = None  # of all weights, configuration, tokenizer and prompts
    prompts: str | None = None  # the file of prompts that it is given, if there is one
    sealed_norm_sha256: tuple[str, ...] | None = None  # of the norms that are folded in; () where experts have none
    experts: int | None = None  # in each of those layers; 1 of a dense model
    stored_as: str | None = None  # how its matrices are quantised, or what is said of them without being so; else None


def model_sha256(weights: str, config: str, tokenizer: str | None, prompts: str) -> str:
    """What identifies a model together with the prompts that it is given, of the SHA-256 of each part.

    `weights` of its weight files, `config` of the canonical JSON of its whole config.json, `tokenizer` of its
    tokenizer.json (None without one), `prompts` of the file's bytes.
    """
    lines = (f"weights {weights}", f"config {config}", f"tokenizer {tokenizer or 'none'}", f"prompts {prompts}")
    return sha256_hex("".join(f"{line}\n" for line in lines).encode())


def sealed_model_sha256(prereg: Preregistration) -> str | None:
    """The digest of the sealed subject with its sealed prompts, by the preregistration alone; None where a part of it
    could not be sealed by a digest."""
    sealed = prereg.subject
    if sealed.weights_sha256 is None or sealed.config_sha256 is None or sealed.prompts_sha256 is None:
        return None
    return model_sha256(sealed.weights_sha256, sealed.config_sha256, sealed.tokenizer_sha256, sealed.prompts_sha256)


def sealed_facts(prereg: Preregistration, commit: str | None = None) -> SubjectFacts:
    """The sealed subject as its rule describes it, from no file: what a published run may claim to be of.

    `commit` is what the revision of a hub model was resolved to, as the run recorded it.
    """
    sealed = prereg.subject
    return SubjectFacts(
        name=sealed.name,
        location=sealed.name,
        revision=commit,
        layers=tuple(range(sealed.layers)),
        exploratory=False,
        sealed_layer_sha256=sealed.layer_sha256,
        sealed_model_sha256=sealed_model_sha256(prereg),
        sealed_norm_sha256=sealed.norm_sha256,
        experts=sealed.experts,
    )


def recorded_not_sealed(prereg: Preregistration, subject: SubjectFacts) -> str | None:
    """What to say of digests that no rule seals, or None where they were compared with sealed ones."""
    if subject.exploratory:
        return f"{NOT_SEALED}: {subject.name} is exploratory, not the sealed subject"
    sealed = prereg.subject
    if sealed.layer_sha256 is not None:
        return None
    what = "its files, not its layers" if sealed.revision is None else f"repository and revision {sealed.revision}"
    commit = "" if sealed.revision is None else f", commit {subject.revision or 'not recorded'}"
    return f"{NOT_SEALED}: of {subject.name} the rule seals {what}{commit}"


def check_digest(subject: SubjectFacts, cell: Cell, digest: str, of: Of, norm: str | None = None) -> None:
    """Raises `Tampered` unless the layer of `cell`, or the whole model, has the digest that was sealed, if one was.

    `norm` is that of the norm that is folded into the layer's matrices, None where none is.
    """
    if of == "model" and subject.sealed_model_sha256 not in (None, digest):
        raise Tampered(
            f"{cell.id}: weights, configuration, tokenizer or prompts of {subject.location} are not those that were "
            f"sealed: sha256 {digest[:12]}… obtained, {str(subject.sealed_model_sha256)[:12]}… sealed; restore them, "
            "or name the model with --model to run it as exploratory"
        )
    if cell.layer is not None and cell.layer not in subject.layers:
        raise Tampered(
            f"{cell.id}: {subject.name} has no such layer, expected {subject.layers[0]} to {subject.layers[-1]}; "
            "delete its entry"
        )
    if of != "layer":
        return
    sealed = subject.sealed_layer_sha256
    if cell.layer is not None and sealed is not None and digest != sealed[cell.layer]:
        raise Tampered(
            f"{cell.id}: layer {cell.layer} of {subject.location}: sha256 {digest[:12]}… obtained, "
            f"{sealed[cell.layer][:12]}… sealed; restore the weights, or name them with --model to run them as "
            "exploratory"
        )
    norms = subject.sealed_norm_sha256
    if cell.layer is not None and norms is not None and norm != (expected := norms[cell.layer] if norms else None):
        raise Tampered(
            f"{cell.id}: layer {cell.layer} of {subject.location}: the norm that feeds the experts has sha256 "
            f"{shortened(norm)} obtained, {shortened(expected)} sealed; restore the weights, or name them with --model "
            "to run them as exploratory"
        )


def shortened(digest: str | None) -> str:
    return "none" if digest is None else f"{digest[:12]}…"
