"""The ways in which a study can end, each with its own exit code.

Only `ClaimKilled` kills. `TrapMisfired` is a trap or a control out of line. `BadInput` and `Tampered` are faults of
what was handed to the suite. Anything else that is raised is an error of the suite itself.
"""

import textwrap
from enum import IntEnum

from reports.base.printing import one_line

LONGEST = 200  # characters of a path in a message


class ExitCode(IntEnum):
    """Exit codes of `pytest hypotheses/` and `python -m reports`, and their meanings. pytest keeps 0 to 5 to itself."""

    meaning: str

    SURVIVED = 0, "every registered cell ran, no rule fired; of a reproduction: reproduced, whatever the verdict"
    KILLED = 1, "a registered kill rule fired, its controls are sound; pytest's own code for a failing test"
    INCONCLUSIVE = 10, "a control, a trap or a learned rotation is out of line"
    INCOMPLETE = 11, "a registered cell was not measured, or the suite failed"
    TAMPERED = 12, "a seal, the ledger, a sealed subject, a store entry or a verdict is not what was sealed or written"
    BAD_INPUT = 13, "a checkpoint, preregistration, device or option that cannot be used, or a full disk"
    MISMATCH = 14, "a verdict was not reproduced"
    VACUOUS = 15, "every rule of a rung that asks for structure is met, and noise meets them all too"

    def __new__(cls, code: int, meaning: str = "") -> "ExitCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


PYTESTS_OWN = "2 to 5 are pytest's own: interrupted, internal error, wrong usage, nothing collected"


def exit_code_lines(columns: int = 80) -> list[str]:
    """What `--help` says of exit codes."""
    told = [f"{code:<3} {code.name}: {code.meaning}" for code in ExitCode]
    lines = (textwrap.wrap(line, columns - 2, subsequent_indent=" " * 4) for line in (*told, PYTESTS_OWN))
    return ["exit codes:", *(f"  {part}" for line in lines for part in line)]


class StudyError(Exception):
    """A single clear line: where, obtained, expected, what to do. Shown without a traceback."""

    exit_code: ExitCode = ExitCode.INCOMPLETE

    def __init__(self, line: str) -> None:
        super().__init__(one_line(line))  # names and values in it come from anywhere

    def __reduce__(self) -> tuple[type["StudyError"], tuple[str]]:
        return type(self), (str(self),)


class ClaimKilled(StudyError):
    """A registered kill rule fired on a gate whose controls are sound."""

    exit_code = ExitCode.KILLED


class TrapMisfired(StudyError):
    """A trap or control came out otherwise than registered: the instrument is broken, its gate is INCONCLUSIVE."""

    exit_code = ExitCode.INCONCLUSIVE


class Tampered(StudyError):
    """A seal, a ledger line, a sealed subject or a store entry is not what was sealed or written."""

    exit_code = ExitCode.TAMPERED


class BadInput(StudyError):
    """A checkpoint, preregistration, option or device that cannot be used."""

    exit_code = ExitCode.BAD_INPUT


def unusable(error: OSError) -> BadInput:
    """What an operating system refuses, as one line: a path that is too long, a disk without room, no permission."""
    what = "output" if error.filename is None else str(error.filename)
    shown = what if len(what) <= LONGEST else f"{what[:LONGEST]}… ({len(what)} characters)"
    return BadInput(f"{shown}: cannot be used ({error.strerror or error}); check the path, or choose another")


class Mismatch(StudyError):
    """A verdict that was to be reproduced is of another rule, or came out otherwise."""

    exit_code = ExitCode.MISMATCH


class Incomplete(StudyError):
    """A verdict that was published on too little: nothing was measured, or not all that was registered before it."""

    exit_code = ExitCode.INCOMPLETE
