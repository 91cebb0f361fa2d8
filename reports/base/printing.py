"""Text for any terminal and for JSON: the name of a file need not be text, and not every terminal can show a σ."""

import shlex
import signal
import sys

LONGEST_NAME = 150  # characters; what a run records of a model may have 200, and a sample is named after it


def as_text(name: str) -> str:
    r"""The name of a file as text that JSON, a page and a worker of `-n` can hold.

    Python keeps what it cannot decode of a name as surrogates: bytes that are not UTF-8, or in the C locale anything
    beyond ASCII. What is UTF-8 is shown as it is, other bytes as `\xe9`.
    """
    try:
        return name.encode("utf8", "surrogateescape").decode("utf8", "backslashreplace")
    except UnicodeEncodeError:  # other surrogates than those that stand for bytes
        return name.encode("utf8", "backslashreplace").decode("utf8")


def as_bytes(name: str) -> bytes:
    """The bytes of a file's name, the same in every locale."""
    return name.encode("utf8", "surrogateescape")


def as_word(name: str) -> str:
    r"""One word of a command line as a shell takes it: `'a b'`, and where it cannot be shown `$'a\x0ab'` of bash."""
    if name.isprintable():
        return shlex.quote(name)
    shown = (
        letter
        if letter.isprintable() and letter not in "'\\"
        else "".join(f"\\x{byte:02x}" for byte in as_bytes(letter))
        for letter in name
    )
    return f"$'{''.join(shown)}'"


def one_line(text: str) -> str:
    r"""`text` on one line: what moves a cursor, clears a screen or turns the direction of writing becomes `\x1b`."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in as_text(text))


def printable_lines(text: str) -> str:
    """`text` in as many lines as it has, each by `one_line`."""
    return "\n".join(one_line(line) for line in text.splitlines())


def model_name(name: str) -> str:
    """The name of a folder or of a hub's model as artefacts have it: one line of at most `LONGEST_NAME` characters."""
    line = one_line(name)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def print_anywhere() -> None:
    """For a command line: what its terminal cannot show is printed as an escape, where Python would raise."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def end_with_the_reader() -> None:
    """For a command line: a reader that goes away (`| head`) ends it silently, as it ends any other command."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
