"""What is read is a file, and not an endless one."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.base.files import read_regular, remedy


def test_the_bytes_of_a_file_and_of_what_links_to_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(tmp_path / "a") == read_regular(tmp_path / "link") == b"abc"


def test_a_limit_shows_that_there_is_more(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    os.truncate(path, 2**40)
    assert read_regular(path, at_most=3) == b"abc\0"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "Is a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: None, "No such file or directory"),
    ],
    ids=["named pipe", "folder", "endless device", "loop of links", "absent"],
)
def test_nothing_else_is_read(tmp_path: Path, make: Callable[[Path], object], reason: str) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError, match=reason):
        read_regular(tmp_path / "a")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EACCES, "give yourself the right to read it"),
        (errno.EISDIR, "put the file itself in its place"),
        (errno.ELOOP, "put the file itself in its place"),
        (errno.ENOENT, "re-download it"),
        (errno.EIO, "check the disk or re-download it"),
    ],
)
def test_only_what_is_lacking_or_damaged_is_downloaded_again(number: int, advice: str) -> None:
    assert remedy(OSError(number, os.strerror(number))) == advice
