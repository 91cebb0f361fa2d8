"""What git recorded of a file: every version of it on every branch that was merged. Read only, and nothing is fetched.

git runs with arguments of our own and reads objects alone, so that nothing which a repository configures is executed:
no hook, pager, filter, textconv or signature program. Replaced, grafted and cached history is not believed.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.base.errors import BadInput
from reports.base.printing import as_text

SHORT = 12  # hexadecimal digits of a commit in a message
PATIENCE = 120  # seconds before git counts as hanging
SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.commitGraph=false",  # a cache of parents, which could say anything
    "protocol.allow=never",  # a partial clone would fetch what it lacks
    "gc.auto=0",
)
OURS = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # also over `protocol.*.allow`, by which a repository could have any command run
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Change:
    """A commit that changed a file, or merged branches: the file in it, and in the versions it was made from."""

    commit: str
    data: bytes | None  # None where there is no such file
    before: tuple[bytes | None, ...]  # one of a commit, several of a merge


@dataclass(frozen=True)
class History:
    """The history of HEAD in the repository at `root`; see `open_history`."""

    root: Path

    def changes(self, path: str) -> tuple[Change, ...]:
        """Every change of the file `path`, relative to the root, oldest first."""
        walk = ("rev-list", "--reverse", "--topo-order", "--full-history", "--parents", "HEAD", "--", path)
        lines = [line.split() for line in _git(self.root, *walk).decode("ascii").splitlines()]
        versions = self.versions([commit for commit, *_ in lines], path)
        return tuple(
            Change(commit, versions[commit], tuple(versions.get(parent) for parent in parents) or (None,))
            for commit, *parents in lines
        )

    def versions(self, commits: Sequence[str], path: str) -> Mapping[str, bytes | None]:
        """The file `path` in each of `commits`."""
        if not path.isprintable():
            raise BadInput(f"{path!a}: not the name of a published file; remove it")
        asked = "".join(f"{commit}:{path}\n" for commit in commits).encode("utf8", "surrogateescape")
        found = dict(zip(commits, _objects(_git(self.root, "cat-file", "--batch", given=asked)), strict=True))
        for commit in (commit for commit, data in found.items() if data is None):
            if _git(self.root, "ls-tree", "--full-tree", commit, "--", path):  # it is in the tree, and not in the store
                raise BadInput(f"{commit[:SHORT]}: {path} is missing from git's objects; run it from a whole clone")
        return found

    def folders(self, path: str) -> list[str]:
        """The folders right in the folder `path` of HEAD."""
        listed = _git(self.root, "ls-tree", "-z", "-d", "--name-only", "--full-tree", "HEAD", f"{path}/")
        return [name.decode("utf8", "surrogateescape").rpartition("/")[2] for name in listed.split(b"\0") if name]


def open_history(root: Path) -> History:
    """The history of the checkout at `root`. Raises `BadInput` where there is none, or not all of it."""
    shown = ascii(as_text(str(root)))[1:-1]
    top = _git(root, "rev-parse", "--show-toplevel").decode("utf8", "surrogateescape").rstrip("\n")
    if Path(top).resolve() != root.resolve():
        raise BadInput(f"{shown}: lies in a git repository that is not its own; run it from a clone")
    if _git(root, "rev-parse", "--is-shallow-repository") != b"false\n":
        raise BadInput(f"{shown}: a shallow clone, expected all of its history; run: git fetch --unshallow")
    _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", otherwise="has no commit yet; make one")
    return History(root)


def _objects(data: bytes) -> Iterator[bytes | None]:
    """What `git cat-file --batch` says, object after object."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        head, at = data[at:end], end + 1
        if head.endswith(b" missing"):
            yield None
            continue
        size = int(head.rpartition(b" ")[2])
        yield data[at : at + size]
        at += size + 1


def _git(root: Path, *arguments: str, given: bytes = b"", otherwise: str | None = None) -> bytes:
    """What git prints. Raises `BadInput` with what it says where it fails, or with `otherwise`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    command = ["git", "-C", str(root), "--no-pager", "--literal-pathspecs", *settings, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - commands and names of our own
            command, input=given, env=environment | OURS, capture_output=True, timeout=PATIENCE, check=False
        )
    except FileNotFoundError:
        raise BadInput("git: not found, expected it on the path to read history; install it") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"git {arguments[0]}: {type(error).__name__}, expected history; run it again") from None
    if done.returncode:
        said = otherwise or (done.stderr.decode("utf8", "backslashreplace").strip().splitlines() or ["failed"])[-1]
        raise BadInput(f"{ascii(as_text(str(root)))[1:-1]}: {ascii(said)[1:-1]}; run it from a clone with its history")
    return done.stdout
