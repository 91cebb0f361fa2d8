"""What is known of the model whose weights are judged, before and while they are read."""

from dataclasses import dataclass

from reports.errors import Tampered
from reports.preregistration import Cell


@dataclass(frozen=True)
class SubjectFacts:
    """What is known of the subject before a weight is read."""

    name: str
    location: str
    revision: str | None  # the resolved commit of a hub model
    layers: tuple[int, ...]  # those that have experts, ascending
    exploratory: bool  # not the subject that was sealed
    sealed_layer_sha256: tuple[str, ...] | None


def check_digest(subject: SubjectFacts, cell: Cell, digest: str) -> None:
    """Raises `Tampered` unless the layer of `cell` has the digest that was sealed, where one was."""
    sealed = subject.sealed_layer_sha256
    if cell.layer is not None and sealed is not None and digest != sealed[cell.layer]:
        raise Tampered(
            f"layer {cell.layer} of {subject.location}: sha256 {digest[:12]}… obtained, {sealed[cell.layer][:12]}… "
            "sealed; restore the weights, or name them with --model to run them as exploratory"
        )
