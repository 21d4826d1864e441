"""Catalogues in Django's admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from django_large_image.catalog.models import COLUMNS, Catalog, Dataset, Key
from django_large_image.catalog.schema import Schema, schema_of
from django_large_image.exceptions import LargeImageError


class KeyInline(admin.TabularInline):  # type: ignore[type-arg]
    """The keys of a catalogue, which stay as they are once there are datasets."""

    model = Key
    extra = 0
    fields = ('position', 'name', 'kind', 'description')

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all but the description where values of the keys are stored."""
        return ('position', 'name', 'kind') if _is_filled(obj) else ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether keys may be added."""
        return not _is_filled(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether keys may be removed."""
        return not _is_filled(obj) and super().has_delete_permission(request, obj)


def _is_filled(catalog: Catalog | None) -> bool:
    return catalog is not None and catalog.datasets.exists()


@admin.register(Catalog)
class CatalogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Catalogues with their keys."""

    list_display = ('slug', 'title')
    search_fields = ('slug', 'title')
    inlines = (KeyInline,)


class DatasetForm(forms.ModelForm):  # type: ignore[type-arg]
    """A dataset, the values of its keys as people write them."""

    class Meta:
        model = Dataset
        fields = (
            *('catalog', *COLUMNS),
            *('file', 'location', 'band', 'name', 'extra', 'categories'),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Schema(0, '', ())
        if self.instance.pk:
            known = schema_of(self.instance.catalog.slug)
            self.initial.update(
                zip(known.columns, known.shown(self.instance).values(), strict=True)
            )
        for column in COLUMNS:
            self.fields[column].required = column in known.columns
        for key in known.keys:
            self.fields[key.column].label = key.name

    def clean(self) -> dict[str, Any]:
        """Return the cleaned values, those of keys as the database has them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get('catalog') is None:
            return cleaned
        schema = schema_of(cleaned['catalog'].slug)
        try:
            cleaned.update(schema.encode([cleaned.get(column, '') for column in schema.columns]))
        except LargeImageError as error:
            self.add_error(None, error.detail)
        for column in COLUMNS:
            if column not in schema.columns and cleaned.get(column):
                self.add_error(column, 'The catalogue has fewer keys.')
        return cleaned


@admin.register(Dataset)
class DatasetAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Datasets; there may be millions."""

    form = DatasetForm
    list_display = ('__str__', 'catalog', 'values', 'band')
    list_filter = ('catalog',)
    list_select_related = ('catalog',)
    raw_id_fields = ('catalog',)
    show_full_result_count = False
    readonly_fields = (
        *('west', 'south', 'east', 'north', 'minimum', 'maximum', 'mean', 'stdev'),
        *('valid_percentage', 'approximate'),
    )

    @admin.display(description='keys')
    def values(self, dataset: Dataset) -> str:
        """Return the values of the keys as paths have them."""
        return '/'.join(schema_of(dataset.catalog.slug).shown(dataset).values())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        """Return all datasets without what only measuring needs."""
        return super().get_queryset(request).defer('percentiles', 'hull')
