"""Depth images, the chunks that hold their rows, and colour maps of a project's own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DepthImage(models.Model):
    """A log: rows of `width` values, each measured at a depth of its own, sorted by depth.

    `source_width` is what was measured, before rows were resized by `interpolation`. `step` is the
    median distance of neighbours, 0 where there is one row. `minimum`, `maximum`, `mean` and
    `stdev` are those of the stored values, NaN left out; null where all are NaN. `dropped` counts
    records that had no depth. `version` is a digest of depths and values: it changes with them.
    A chunk holds `chunk_rows` rows, the last one what is left.
    """

    name = models.CharField(_('name'), max_length=200)
    width = models.PositiveIntegerField(_('width'))
    source_width = models.PositiveIntegerField(_('measured width'))
    interpolation = models.CharField(_('interpolation'), max_length=20)
    rows = models.PositiveIntegerField(_('rows'))
    chunk_rows = models.PositiveIntegerField(_('rows of a chunk'))
    depth_min = models.FloatField(_('least depth'))
    depth_max = models.FloatField(_('greatest depth'))
    step = models.FloatField(_('step'))
    minimum = models.FloatField(_('minimum'), null=True)
    maximum = models.FloatField(_('maximum'), null=True)
    mean = models.FloatField(_('mean'), null=True)
    stdev = models.FloatField(_('standard deviation'), null=True)
    dropped = models.PositiveIntegerField(_('records without a depth'), default=0)
    version = models.CharField(_('version'), max_length=64)
    created = models.DateTimeField(_('created'), auto_now_add=True)

    class Meta:
        verbose_name = _('depth image')
        verbose_name_plural = _('depth images')
        ordering = ['name', 'pk']

    def __str__(self) -> str:
        return self.name


class Chunk(models.Model):
    """Neighbouring rows of an image, at one level of detail.

    Level 0 has the rows themselves; a row of each further level is the mean of a few of the one
    before (see `levels`). Chunk `number` of a level begins at its row `number * chunk_rows`.
    `depths` are little-endian float64 (rows), `values` little-endian float32 (rows, width).
    """

    image = models.ForeignKey(DepthImage, models.CASCADE, related_name='chunks', db_index=False)
    level = models.PositiveSmallIntegerField(default=0)
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    depth_min = models.FloatField()
    depth_max = models.FloatField()
    depths = models.BinaryField()
    values = models.BinaryField()

    class Meta:
        verbose_name = _('chunk')
        verbose_name_plural = _('chunks')
        constraints = [
            models.UniqueConstraint(fields=['image', 'level', 'number'], name='li_chunk_number'),
        ]
        indexes = [
            models.Index(fields=['image', 'level', 'depth_min'], name='li_chunk_depth'),
        ]

    def __str__(self) -> str:
        return f'{self.image_id}/{self.level}/{self.number}'


class Colormap(models.Model):
    """Colours by a name: a list of [position from 0 to 1, colour as `#rrggbb` or numbers]."""

    name = models.CharField(_('name'), max_length=63, unique=True)
    stops = models.JSONField(_('stops'))

    class Meta:
        verbose_name = _('colour map')
        verbose_name_plural = _('colour maps')
        ordering = ['name']

    def __str__(self) -> str:
        return self.name
