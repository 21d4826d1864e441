"""A file field whose uploads go straight to the bucket, where there is one."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.core.files.storage import Storage
from django.db import models
from s3_file_field._multipart import MultipartManager
from s3_file_field.fields import S3FileField


def has_bucket(storage: Storage) -> bool:
    """Can browsers send files to a storage themselves?"""
    return bool(MultipartManager.supported_storage(storage))


class UploadField(S3FileField):
    """With local files it is Django's own `FileField`, and says nothing of it."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        if has_bucket(self.storage):
            return super().check(**kwargs)
        return models.FileField.check(self, **kwargs)
