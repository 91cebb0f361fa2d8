"""Reading what was handed over: regular files alone. A named pipe would block, and a device need not end."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """The regular file `path`, behind any symbolic links, open for reading.

    Raises `OSError` as opening does, and with "not a regular file" for anything else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def remedy(error: OSError) -> str:
    """What to do about a file that cannot be opened or read; another download helps only where it is lacking or bad."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "give yourself the right to read it"
    if error.errno in (errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENXIO):
        return "put the file itself in its place"
    return "re-download it" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "check the disk or re-download it"


def read_regular(path: Path, at_most: int | None = None) -> bytes:
    """The bytes of that file, or the first `at_most` + 1 of them, which tells that there are more."""
    with open_regular(path) as file:
        return file.read(-1 if at_most is None else at_most + 1)
