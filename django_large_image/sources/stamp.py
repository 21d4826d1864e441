"""What tells the bytes of a local file from those that were there before."""

from __future__ import annotations

import os
from typing import NamedTuple


class Stamp(NamedTuple):
    """A file as its file system knows it; times are in nanoseconds."""

    device: int
    # It tells a file that was moved over an older one of the same size within a clock tick.
    inode: int
    size: int
    modified: int
    # Links and permissions change it as well, and nothing that is read.
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file of this status."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )

    @property
    def content(self) -> tuple[int, ...]:
        """What changes with the bytes only."""
        return self[:4]

    @property
    def version(self) -> str:
        """The version of an `ImageReference`, whichever device it is mounted from."""
        return f'{self.modified:x}-{self.size:x}-{self.inode:x}'
