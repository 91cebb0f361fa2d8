"""Every command that we tell of has the path first and one word for an option and its value.

Of `--model DIR` pytest takes DIR for a path of tests, and reads an ini file there, before any plugin can object.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.base.printing import as_word
from reports.judge.decision import decide
from reports.plugin.artefacts import SessionResult, _given
from reports.plugin.terminal import next_commands
from reports.prereg.parsing.parse import load_preregistration
from reports.testing.small_rules import SHIPPED
from reports.testing.test_readme import options

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_VALUE = {"--sample", "--save-rotations", "--report"}
VALUED = "|".join(sorted(options() - WITHOUT_VALUE))
# A value: a variable, a placeholder in capitals or braces, a path, digits; in prose a word in small letters follows.
TWO_WORDS = re.compile(rf"(?<![\w-])(?:{VALUED}) +(?=[\"'$<{{A-Z/.~…\d]|\S*[/.…]\S*\w|E-\w)")
# Told of, not typed: "--prereg x: no such preregistration", "--device x is not known".
LABEL = re.compile(r"^\{\}(?::| is )|^[\w./-]+: ")
COMMAND = re.compile(r"pytest (?:-[^`\n]*? )?(?:\S*/)?hypotheses/?(?=[\s`'\"]|$)")


def told_in(text: str) -> list[str]:
    """Each option in `text` that has its value in a word of its own."""
    return [
        text[found.start() : found.end() + 30]
        for found in TWO_WORDS.finditer(text)
        if not LABEL.match(text[found.end() :])
    ]


def strings(source: str) -> Iterator[str]:
    """The literals of a Python source, with {} for what is put into them; docstrings too."""
    tree = ast.parse(source)
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def pages() -> list[Path]:
    return [
        *sorted(ROOT.glob("README.md")),
        *sorted(ROOT.glob("[a-z]*/**/README.md")),
        ROOT / ".ci" / "run",
        *sorted((ROOT / ".github").rglob("*.yml")),
    ]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_page_and_step_has_one_word_for_an_option(page: Path) -> None:
    assert told_in(page.read_text("utf8")) == []


def test_every_page_and_step_has_the_path_first() -> None:
    for page in pages():
        for found in COMMAND.finditer(page.read_text("utf8")):
            assert re.match(r"pytest (?:\S*/)?hypotheses", found[0]), f"{page.name}: {found[0]}"


@pytest.mark.parametrize("folder", ["reports", "fixtures"])
def test_every_printed_line_has_one_word_for_an_option(folder: str) -> None:
    sources = [path for path in sorted((ROOT / folder).rglob("*.py")) if not path.name.startswith("test_")]
    told = {path.name: [line for text in strings(path.read_text("utf8")) for line in told_in(text)] for path in sources}
    assert len(told) > 20
    assert {name: lines for name, lines in told.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pytest hypotheses/ --model DIR", True),
        ("pytest hypotheses/ --model /path/to", True),
        ("pytest hypotheses/ --model owner/name", True),
        ("pytest hypotheses/ --reproduce {}/decision.json", True),
        ('--reproduce "$verdict"', True),
        ("--prereg E-flat-spectrum-v1", True),
        ("--layers 0-3", True),
        ("pytest hypotheses/ --model=DIR", False),
        ("name them with --model to run them as exploratory", False),
        ("--prereg {}: no such preregistration", False),
        ("[--model=DIR] [--sample] DIR", False),
    ],
)
def test_the_check_can_fail(text: str, *, found: bool) -> None:
    assert bool(told_in(text)) is found


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("plain/name", "plain/name"),
        ("a b", "'a b'"),
        ("$(rm)", "'$(rm)'"),
        ("a\nb'\x1b[31m", r"$'a\x0ab\x27\x1b[31m'"),
        ("F\udcc3\udcbc", r"$'F\xc3\xbc'"),
    ],
)
def test_a_folder_is_one_word_of_a_printed_command(name: str, word: str) -> None:
    assert as_word(name) == word


def test_what_a_run_says_to_type_next_is_typed_as_it_stands(tmp_path: Path) -> None:
    """The path first, every value in one word with its option, whatever a folder is called."""
    typed = {"model": "a model/$x", "revision": None, "prompts": "p.jsonl", "dense_model": None, "sample": True}
    given = _given({**typed, "prereg": "../x y/E.toml"})
    assert given == " --model='a model/$x' --prompts=p.jsonl --sample --prereg='../x y/E.toml'"
    decision = decide(load_preregistration(SHIPPED), tuple(range(16)), {})
    conclusion = SessionResult(decision, {}, 11, (tmp_path / "a run" / "decision.json",), given)
    reproduce, last, draw = next_commands(conclusion, tmp_path)
    assert reproduce.startswith("reproduce: pytest hypotheses/ ")
    assert reproduce.endswith(" \\")
    assert shlex.split(reproduce.removesuffix(" \\") + last)[3:] == [
        "--model=a model/$x", "--prompts=p.jsonl", "--sample", "--prereg=../x y/E.toml",
        "--reproduce=a run/decision.json",
    ]  # fmt: skip
    assert shlex.split(draw) == ["draw:", "python", "-m", "reports", "report", "a run"]
