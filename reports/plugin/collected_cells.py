"""Collection: which test is which registered cell, in which order, and which are asked for."""

import pytest

from reports.plugin.plan import PLAN, SELECTED, Plan
from reports.prereg.preregistration import Cell, CellKind, Control

CELL = pytest.StashKey[Cell]()


# The marks that say what a test's `layer` measures
KINDS: tuple[CellKind, ...] = ("claim", "trap", "probe", "secondary")


def parametrize(metafunc: pytest.Metafunc) -> None:
    """`layer` ranges over the registered layers of what is marked, `control` over a claim's registered controls."""
    plan = metafunc.config.stash.get(PLAN, None)
    marked = _marked(metafunc.definition)
    if plan is None or marked is None:
        return
    kind, name = marked
    if "layer" in metafunc.fixturenames:
        layers = [cell.layer for cell in plan.cells() if cell.kind == kind and cell.name == name]
        metafunc.parametrize("layer", layers, ids=[f"L{layer:02d}" for layer in layers])
    if "control" in metafunc.fixturenames:
        controls = [control for control in plan.prereg.controls if control.claim == name]
        metafunc.parametrize("control", controls, ids=[control.name for control in controls])


def marked_name(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        raise pytest.UsageError(f"@pytest.mark.{mark.name} takes one registered name, obtained {mark.args!r}")
    return mark.args[0]


def cell_of(item: pytest.Item) -> Cell | None:
    """The registered cell that `item` measures, or None for a test that is none."""
    marked = _marked(item)
    callspec = getattr(item, "callspec", None)
    if marked is None or callspec is None:
        return None
    control = callspec.params.get("control")
    if isinstance(control, Control):
        return Cell("control", control.name)
    layer = callspec.params.get("layer")
    return Cell(*marked, layer) if isinstance(layer, int) else None  # pytest's own mark of an empty range


def _marked(node: pytest.Item | pytest.Function) -> tuple[CellKind, str] | None:
    for kind in KINDS:
        mark = node.get_closest_marker(kind)
        if mark is not None:
            return kind, marked_name(mark)
    return None


def order_and_select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Registered order; what is not registered is deselected, with `--layers` the cells of other layers, and with
    `--cells` those of other jobs."""
    plan = config.stash.get(PLAN, None)
    if plan is None:
        return
    order = {cell: index for index, cell in enumerate(plan.cells())}
    for item in items:
        cell = cell_of(item)
        if cell is not None:
            item.stash[CELL] = cell
    items.sort(key=lambda item: order.get(item.stash.get(CELL, None), len(order)))  # type: ignore[arg-type]
    dropped = [
        item for item in items if _outside(item, plan) or (_marked(item) and item.stash.get(CELL, None) not in order)
    ]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def remember_selection(session: pytest.Session) -> None:
    """After every plugin has had its say (`-k`, `--lf`): the cells that this run will measure."""
    session.config.stash[SELECTED] = frozenset(item.stash[CELL] for item in session.items if CELL in item.stash)


def _outside(item: pytest.Item, plan: Plan) -> bool:
    cell = item.stash.get(CELL, None)
    if cell is not None and plan.asked is not None and cell not in plan.asked:
        return True
    return cell is not None and cell.layer is not None and plan.layers is not None and cell.layer not in plan.layers
