"""The ways in which a study can end, each with its own exit code.

Only `ClaimKilled` kills. `TrapMisfired` is a trap or a control out of line. `BadInput` and `Tampered` are faults of
what was handed to the suite. Anything else that is raised is an error of the suite itself.
"""

from enum import IntEnum

from reports.base.printing import one_line

LONGEST = 200  # characters of a path in a message


class ExitCode(IntEnum):
    """Exit codes of `pytest hypotheses/` and `python -m reports` (pytest keeps 0 to 5 for itself)."""

    SURVIVED = 0
    KILLED = 1
    INCONCLUSIVE = 10
    INCOMPLETE = 11
    TAMPERED = 12
    BAD_INPUT = 13
    MISMATCH = 14
    VACUOUS = 15


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
