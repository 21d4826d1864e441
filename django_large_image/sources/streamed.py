"""Files of this machine and of GDAL's file systems, read as Python reads files."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast

from osgeo import gdal


class StreamedFile(io.RawIOBase):
    """A file of GDAL's file systems; raises `OSError` where there is none."""

    def __init__(self, path: str) -> None:
        super().__init__()
        try:
            self._file = gdal.VSIFOpenL(path, 'rb')
        except RuntimeError:
            self._file = None
        if self._file is None:
            super().close()
            raise OSError('cannot be opened')

    def __repr__(self) -> str:
        return 'streamed'

    def seekable(self) -> bool:
        """Whether `seek` works."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place; return where that is."""
        gdal.VSIFSeekL(self._file, offset, whence)
        return self.tell()

    def tell(self) -> int:
        """Return the place that is read next."""
        return int(gdal.VSIFTellL(self._file))

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most `size` bytes; raises `OSError` where there is no limit."""
        if size is None or size < 0:
            raise OSError('read without a limit')
        return bytes(gdal.VSIFReadL(1, size, self._file) or b'') if size else b''

    def close(self) -> None:
        """Close the file, once."""
        if not self.closed:
            gdal.VSIFCloseL(self._file)
        super().close()


def open_file(path: str) -> BinaryIO:
    """Return a file, to be read; raises `OSError` and `ValueError` where there is none."""
    return cast('BinaryIO', StreamedFile(path)) if path.startswith('/vsi') else open(path, 'rb')
