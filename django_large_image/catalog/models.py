"""Catalogues, their keys, and their datasets: one band of one raster each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _

from django_large_image.catalog import footprints, keys, rasters
from django_large_image.exceptions import ParameterError
from django_large_image.sources.reference import ImageReference

COLUMNS = tuple(f'key_{position}' for position in range(keys.MAX_KEYS))
BOUNDS = ('west', 'south', 'east', 'north')


class KeyColumn(models.CharField):  # type: ignore[type-arg]
    """The text of a key's value, which databases compare character by character."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return the type with its collation; elsewhere than in PostgreSQL it is the default."""
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == 'postgresql':
            parameters['collation'] = 'C'
        return parameters


@KeyColumn.register_lookup
class Used(models.Lookup):
    """Whether a catalogue has this key: the condition of partial indexes, without parameters."""

    lookup_name = 'used'
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the condition."""
        sql, parameters = self.process_lhs(compiler, connection)
        return f"{sql} {'<>' if self.rhs else '='} ''", parameters


class Catalog(models.Model):
    """Rasters of the same kind, told apart by the same keys."""

    slug = models.SlugField(_('name in URLs'), unique=True)
    title = models.CharField(_('title'), max_length=200, blank=True)
    description = models.TextField(_('description'), blank=True)

    class Meta:
        verbose_name = _('catalogue')
        verbose_name_plural = _('catalogues')
        ordering = ['slug']

    def __str__(self) -> str:
        return self.title or self.slug


class Key(models.Model):
    """What tells the datasets of a catalogue apart; its position is its place in URLs."""

    class Kind(models.TextChoices):
        TEXT = 'text', _('text')
        NUMBER = 'number', _('number')
        DATE = 'date', _('date')

    catalog = models.ForeignKey(Catalog, models.CASCADE, related_name='keys')
    position = models.PositiveSmallIntegerField(_('position'))
    name = models.CharField(_('name'), max_length=63)
    description = models.TextField(_('description'), blank=True)
    kind = models.CharField(_('kind'), max_length=6, choices=Kind.choices, default=Kind.TEXT)

    class Meta:
        verbose_name = _('key')
        verbose_name_plural = _('keys')
        ordering = ['catalog', 'position']
        constraints = [
            models.UniqueConstraint(fields=['catalog', 'name'], name='li_key_name'),
            models.UniqueConstraint(fields=['catalog', 'position'], name='li_key_position'),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise `ValidationError` for a name that URLs cannot carry."""
        try:
            keys.validate_name(self.name)
        except ParameterError as error:
            raise ValidationError({'name': error.detail}) from None
        if self.position is not None and self.position >= keys.MAX_KEYS:
            raise ValidationError({'position': f'A catalogue has {keys.MAX_KEYS} keys at most.'})


class Dataset(models.Model):
    """One band of a raster: where it lies, which values its keys have, and what was measured.

    The bounds are degrees, `east` over 180 where the raster lies across the antimeridian. Values
    of keys are texts of `keys.encode`. What was measured is null until it was:
    `measured_version` is the version of the file then. `percentiles` are 99 numbers, `hull` is a
    geometry of GeoJSON.
    """

    catalog = models.ForeignKey(
        Catalog,
        models.CASCADE,
        related_name='datasets',
        db_index=False,
        verbose_name=_('catalogue'),
    )
    key_0 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_1 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_2 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_3 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_4 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_5 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_6 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    key_7 = KeyColumn(max_length=keys.MAX_LENGTH, blank=True, default='')
    file = models.FileField(_('file'), upload_to='catalog', max_length=500, blank=True)
    location = models.CharField(
        _('location'),
        max_length=2000,
        blank=True,
        help_text=_('In place of a file: a path below CATALOG_ROOTS, or a URL.'),
    )
    band = models.PositiveSmallIntegerField(_('band'), default=1)
    name = models.CharField(_('name'), max_length=200, blank=True)

    west = models.FloatField(null=True, blank=True)
    south = models.FloatField(null=True, blank=True)
    east = models.FloatField(null=True, blank=True)
    north = models.FloatField(null=True, blank=True)
    cell = models.BigIntegerField(null=True, blank=True, editable=False)

    minimum = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)
    mean = models.FloatField(null=True, blank=True)
    stdev = models.FloatField(null=True, blank=True)
    valid_percentage = models.FloatField(null=True, blank=True)
    approximate = models.BooleanField(_('measured at a lower resolution'), default=False)
    measured_version = models.CharField(max_length=200, blank=True, editable=False)
    measuring_since = models.DateTimeField(null=True, blank=True, editable=False)
    percentiles = models.JSONField(null=True, blank=True)
    hull = models.JSONField(null=True, blank=True)
    extra = models.JSONField(_('metadata'), default=dict, blank=True)
    categories = models.JSONField(
        _('categories'),
        default=list,
        blank=True,
        help_text=_('A list of {"value", "name", "color"}.'),
    )

    class Meta:
        verbose_name = _('dataset')
        verbose_name_plural = _('datasets')
        constraints = [
            models.UniqueConstraint(fields=['catalog', *COLUMNS], name='li_dataset_keys'),
        ]
        # All that searches compare in each, so that no row is read which another term rules out,
        # and the primary key that they return, which PostgreSQL does not add to an index by itself.
        indexes = [
            *(
                models.Index(
                    fields=['catalog', *dict.fromkeys((column, *COLUMNS)), 'cell', 'id'],
                    name=f'li_dataset_{column}',
                    condition=models.Q(**{f'{column}__used': True}),
                )
                for column in COLUMNS[1:]
            ),
            models.Index(
                fields=['catalog', 'cell', *COLUMNS, *BOUNDS, 'id'],
                name='li_dataset_cell',
                condition=models.Q(cell__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or f'{self._meta.verbose_name} {self.pk}'

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Store the dataset along with the cell of its bounds."""
        self.locate()
        if update_fields is not None and not set(BOUNDS).isdisjoint(update_fields):
            update_fields = {*update_fields, 'cell'}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north in degrees; None until they are known."""
        west, south, east, north = self.west, self.south, self.east, self.north
        if west is None or south is None or east is None or north is None:
            return None
        return west, south, east, north

    @property
    def texts(self) -> list[str]:
        """The texts of all columns of keys, those that are not used included."""
        return [getattr(self, column) for column in COLUMNS]

    def reference(self) -> ImageReference:
        """Return where the raster lies; raises what `rasters.find` does."""
        return rasters.find(self.file, self.location)

    def locate(self) -> None:
        """Give the dataset the cell of its bounds; `save` does, bulk operations do not."""
        self.cell = None if self.bounds is None else footprints.cell(*self.bounds)

    def clean(self) -> None:
        """Raise `ValidationError` unless there is exactly one of file and location."""
        if bool(self.file) == bool(self.location):
            raise ValidationError(_('A dataset has either a file or a location.'))
