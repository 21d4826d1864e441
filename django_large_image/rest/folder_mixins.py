"""The class that a developer mixes into a viewset of the files of a folder, without a model."""

from __future__ import annotations

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request

from django_large_image.rest.mixins import LargeImageDetailMixin
from django_large_image.storage.folder import named_reference


class LargeImageFolderDetailMixin(LargeImageDetailMixin):
    """Image endpoints of the files in a folder, and in those below it, by their names.

    Requires `FOLDER` (or `get_folder()`), and of a router `lookup_value_regex = '.+'` where names
    have slashes or dots. Who may see the viewset may see all of these files.
    """

    FOLDER: str | os.PathLike[str] = ''

    def get_folder(self) -> str | os.PathLike[str]:
        """Return the folder; raises `ImproperlyConfigured` where none is named."""
        if not os.fspath(self.FOLDER):
            raise ImproperlyConfigured(
                f'{type(self).__name__}.FOLDER is empty: set it to the folder of the images, or '
                'override get_folder().'
            )
        return self.FOLDER

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return the reference of the file of a name; 404 for one that is not in the folder, and
        for any other spelling of a name.
        """
        return named_reference(self.get_folder(), str(pk))
