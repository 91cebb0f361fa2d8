"""Colours, markers and sizes of every figure. In a file colours are those of the light page; inlined in the page they
are CSS variables, so that light, dark and print each have their own."""

from collections.abc import Mapping

# role -> (light, dark). Light ones are unique: they are what is replaced by variables. Each has a contrast of 4.5 or
# more on its page (tested); blue, orange, green and purple stay apart for the colour-blind, and no pair of series
# differs by colour alone.
COLOURS: Mapping[str, tuple[str, str]] = {
    "ink": ("#1b2026", "#e6e9ed"),
    "quiet": ("#5b6570", "#a2acb7"),
    "rule": ("#cfd5db", "#3b444d"),
    "blue": ("#0a5ea8", "#74b8f5"),
    "orange": ("#ad4a00", "#f2a65e"),
    "green": ("#00694c", "#54cfa4"),
    "purple": ("#7b3a9c", "#cda4ea"),
    "red": ("#b3202c", "#ff8d8d"),
}
PAGE = ("#fefefe", "#14181d")
WIDTH = 3.75  # of a panel [inch]: a phone's width at its own size
# (colour, marker, line) of series in the order in which they are told apart
SERIES = (
    ("blue", "o", "-"),
    ("orange", "s", "--"),
    ("green", "^", "-."),
    ("purple", "D", ":"),
    ("ink", "v", (0, (5, 1, 1, 1))),
    ("quiet", "X", (0, (1, 1))),
)


def light(role: str) -> str:
    return COLOURS[role][0]


def css_variables(dark: bool) -> str:
    """`--ink: #…;` for every role and the page itself."""
    roles = {"page": PAGE, **COLOURS}
    return " ".join(f"--{role}: {pair[int(dark)]};" for role, pair in roles.items())


def rc_params(salt: str) -> dict[str, object]:
    """For `matplotlib.rc_context`. `salt` makes ids repeatable, and different from those of another figure."""
    ink, quiet = light("ink"), light("quiet")
    return {
        "svg.hashsalt": salt,
        "svg.fonttype": "none",  # text stays text: read, searched and sized by the page
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that layout is the same everywhere
        "font.size": 8.0,
        "text.hinting": "none",  # widths scale: what fits in one file fits in the other
        "text.parse_math": False,  # a name with two dollar signs is a name
        "text.color": ink,
        "axes.titlesize": 8.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8.0,
        "axes.labelcolor": ink,
        "axes.edgecolor": quiet,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "grid.color": light("rule"),
        "grid.linewidth": 0.6,
        "xtick.color": quiet,
        "xtick.labelcolor": ink,
        "ytick.color": quiet,
        "ytick.labelcolor": ink,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "legend.columnspacing": 1.2,
        "legend.borderaxespad": 0.0,
        "lines.linewidth": 1.4,
        "lines.markersize": 4.0,
        "figure.facecolor": "none",
        "figure.constrained_layout.h_pad": 0.05,
        "figure.constrained_layout.w_pad": 0.06,
    }
