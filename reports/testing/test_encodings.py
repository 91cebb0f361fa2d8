"""Nothing of ours depends on the locale: text is UTF-8 wherever it is read or written, and any terminal can show it."""

import ast
import io
import re
import sys
from pathlib import Path

import pytest

from reports.base.printing import as_bytes, as_text, print_anywhere

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder in (".ci", "fixtures", "hypotheses", "kernels", "reports")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.name.startswith("test_") and not path.name.endswith("_specimens.py")  # theirs is ASCII
]
IN_C = "F\udcc3\udcbc\udcc3\udc9fe"  # Füße, as Python names it in the C locale


def of_the_locale(source: str) -> list[int]:
    """The lines that read or write text in the encoding of the locale."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if _is_text(call) and not _states_encoding(call)]


def _is_text(call: ast.Call) -> bool:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    match call.func:
        case ast.Attribute(attr="read_text" | "write_text"):
            return True
        case ast.Attribute(attr="run" | "Popen" | "check_output"):
            return "text" in keywords
        case ast.Name(id="open"):
            mode = call.args[1] if len(call.args) > 1 else keywords.get("mode")
            return not (isinstance(mode, ast.Constant) and "b" in str(mode.value))
    return False


def _states_encoding(call: ast.Call) -> bool:
    given = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return any(keyword.arg == "encoding" for keyword in call.keywords) or "utf8" in given[-1:]


def test_no_source_reads_or_writes_text_in_the_encoding_of_the_locale() -> None:
    found = {path.relative_to(ROOT).as_posix(): of_the_locale(path.read_text("utf8")) for path in SOURCES}
    assert len(found) > 200
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf8')", False),
        ("path.read_text(encoding='ascii')", False),
        ("path.write_text('σ')", True),
        ("path.write_text('σ', 'utf8')", False),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'rb')", False),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command, text=True, encoding='utf8')", False),
    ],
)
def test_the_check_can_fail(source: str, *, found: bool) -> None:
    assert bool(of_the_locale(source)) is found


def test_every_command_line_prints_anywhere() -> None:
    """`.ci/` has none that prints more than ASCII."""
    guard = re.compile(r'^if __name__ == "__main__":\n(?!    print_anywhere\(\)\n)', re.MULTILINE)
    assert guard.search('if __name__ == "__main__":\n    main()\n')
    ours = [path for path in SOURCES if ROOT / ".ci" not in path.parents]
    assert [path.name for path in ours if guard.search(path.read_text("utf8"))] == []
    assert "\nprint_anywhere()\n" in (ROOT / "reports" / "__main__.py").read_text("utf8")


def test_what_a_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="surrogateescape")
    monkeypatch.setattr(sys, "stdout", terminal)
    with pytest.raises(UnicodeEncodeError):
        print("σ ≥ 1", flush=True)
    print_anywhere()
    print("σ ≥ 1 in", IN_C, flush=True)
    assert terminal.buffer.getvalue().decode() == r"\u03c3 \u2265 1 in F\udcc3\udcbc\udcc3\udc9fe" + "\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("plain", "plain"), ("Füße σ", "Füße σ"), (IN_C, "Füße"), ("caf\udce9", r"caf\xe9"), ("\ud800", r"\ud800")],
)
def test_the_name_of_a_file_as_text(name: str, text: str) -> None:
    assert as_text(name) == text
    text.encode()


def test_a_name_has_the_same_bytes_in_every_locale() -> None:
    assert as_bytes(IN_C) == as_bytes("Füße") == "Füße".encode()
