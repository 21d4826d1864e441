"""Depth images in Django's admin: uploads, thumbnails, and colour maps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from django_large_image.admin import LargeImageAdminMixin
from django_large_image.depth import colormaps, loading
from django_large_image.depth.interpolation import MODES
from django_large_image.depth.models import Colormap, DepthImage
from django_large_image.exceptions import LargeImageError

_KNOWN = (
    *('rows', 'depth_min', 'depth_max', 'step', 'width', 'source_width', 'interpolation'),
    *('minimum', 'maximum', 'mean', 'stdev', 'dropped', 'created'),
)


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file that becomes a depth image, all of it or nothing."""

    name = forms.CharField(
        max_length=200, required=False, help_text=_('Default: the name of the file.')
    )
    file = forms.FileField(
        help_text=_('A table with a row for each depth: the depth, then its values.')
    )
    width = forms.IntegerField(
        min_value=1, required=False, help_text=_('The number of columns that are stored.')
    )
    interpolation = forms.ChoiceField(
        choices=[('', _('default')), *((mode, mode) for mode in MODES)], required=False
    )

    class Meta:
        model = DepthImage
        fields = ('name',)

    def clean(self) -> dict[str, Any]:
        """Load the file where nothing else is wrong; what is wrong with it is said at its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.loaded = loading.load(
                    cleaned['file'],
                    cleaned['name'],
                    width=cleaned['width'],
                    interpolation=cleaned['interpolation'],
                )
            except LargeImageError as error:
                self.add_error('file', error.detail)
        return cleaned

    def save(self, commit: bool = True) -> DepthImage:
        """Return the image, which is stored already."""
        return self.loaded

    def save_m2m(self) -> None:
        """Do nothing: there is nothing else to store."""


@admin.register(DepthImage)
class DepthImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Depth images: they are added by an upload, and only their names change."""

    large_image_basename = 'large-image-depth'
    # What every image has.
    large_image_field = 'rows'
    list_display = ('large_image_thumbnail', 'name', 'depth_min', 'depth_max', 'step', 'created')
    list_display_links = ('name',)
    search_fields = ('name',)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form of an upload where there is no image yet."""
        return super().get_form(request, obj, change, **kwargs) if obj else UploadForm

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what is uploaded, or the name and what is known of an image."""
        fields = ('name', *_KNOWN) if obj else tuple(UploadForm.base_fields)
        return [(None, {'fields': fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what is known of an image; in an upload some of it is asked for."""
        return _KNOWN if obj else ()

    def view_on_site(self, obj: DepthImage) -> str | None:
        """Return the URL of the page, None where the project has none."""
        try:
            return reverse('large-image-depth-page', args=[obj.pk])
        except NoReverseMatch:
            return None


class ColormapForm(forms.ModelForm):  # type: ignore[type-arg]
    """A colour map."""

    class Meta:
        model = Colormap
        fields = ('name', 'stops')
        help_texts = {'stops': _('A list of [position from 0 to 1, color].')}

    def clean_stops(self) -> Any:
        """Return the stops; raises a validation error for what is no colour map."""
        stops = self.cleaned_data['stops']
        try:
            colormaps.parse_stops(stops)
        except LargeImageError as error:
            raise forms.ValidationError(error.detail) from None
        return stops


@admin.register(Colormap)
class ColormapAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Colour maps by name."""

    form = ColormapForm
    search_fields = ('name',)
