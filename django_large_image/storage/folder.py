"""A folder and the name of a file in it in, an image reference out."""

from __future__ import annotations

import os
from pathlib import PurePath

from django_large_image.exceptions import MissingError
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.paths import local_reference


def named_reference(folder: str | os.PathLike[str], name: str) -> ImageReference:
    """Return the reference of a file in a folder by its one name there: relative, without `.`,
    `..` or a slash too many.

    Raises `MissingError` for any other: caches would keep it as another image.
    """
    path = PurePath(name)
    if path.anchor or path.as_posix() != name or '..' in path.parts:
        raise MissingError('There is no such image.')
    return folder_reference(folder, name)


def folder_reference(folder: str | os.PathLike[str], name: str) -> ImageReference:
    """Return the reference of a file in a folder, or in one below it, by its name there.

    Raises `MissingError` for a name that leads nowhere, to something else than a file, or out of
    the folder: by `..`, as an absolute path, or through a symbolic link.
    """
    root = os.path.realpath(folder)
    try:
        path = os.path.realpath(os.path.join(root, name), strict=True)
        if path.startswith(os.path.join(root, '')) and os.path.isfile(path):
            return local_reference(path, name)
    except (OSError, ValueError):
        # Not there, too long, in the place of a folder, or with a zero in it.
        pass
    raise MissingError('There is no such image.')
