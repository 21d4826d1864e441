from django.db import models

from django_large_image.fields import ChecksumFileField


class Scan(models.Model):
    file = ChecksumFileField(upload_to='scans', checksum_field='sha256')
    sha256 = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.file.name
