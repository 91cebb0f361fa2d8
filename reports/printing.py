"""Text for any terminal and for JSON: the name of a file need not be text, and not every terminal can show a σ."""

import sys


def as_text(name: str) -> str:
    r"""The name of a file as text that JSON, a page and a worker of `-n` can hold.

    Python keeps what it cannot decode of a name as surrogates: bytes that are no UTF-8, or in the C locale anything
    beyond ASCII. What is UTF-8 is shown as it is, other bytes as `\xe9`.
    """
    try:
        return name.encode("utf8", "surrogateescape").decode("utf8", "backslashreplace")
    except UnicodeEncodeError:  # other surrogates than those that stand for bytes
        return name.encode("utf8", "backslashreplace").decode("utf8")


def as_bytes(name: str) -> bytes:
    """The bytes of a file's name, the same in every locale."""
    return name.encode("utf8", "surrogateescape")


def print_anywhere() -> None:
    """For a command line: what its terminal cannot show is printed as an escape, where Python would raise."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
