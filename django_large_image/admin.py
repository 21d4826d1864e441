"""Images in Django's admin: a picture in the list, and a picture, facts and a map in the form.

@admin.register(ImageFile)
class ImageFileAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    list_display = ('name', 'large_image_thumbnail')
    large_image_field = 'file'
    large_image_basename = 'image'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_large_image.viewers import Lookup, Viewer, thumbnail_url
from django_large_image.widgets import STYLES, LargeImageWidget

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


class LargeImageAdminWidget(LargeImageWidget, AdminFileWidget):
    """`LargeImageWidget` with the file input that the admin draws."""


class LargeImageAdminMixin(Base):
    """Shows the image of `large_image_field` by its REST route; stands left of `ModelAdmin`.

    Needs a viewset registered as `large_image_basename`, and the admin's user must be allowed to
    use it: the browser asks it for the pictures.
    """

    large_image_field = 'file'
    large_image_basename = 'image'
    large_image_inline_viewer = True
    large_image_viewer_template = 'admin/django_large_image/viewer.html'

    def get_large_image_field(self, request: HttpRequest | None = None) -> str:
        """Return the name of the file field."""
        return self.large_image_field

    def get_large_image_basename(self, request: HttpRequest | None = None) -> str:
        """Return the basename of the viewset's routes, with its namespace if it has one."""
        return self.large_image_basename

    def get_large_image_lookup(self, request: HttpRequest | None = None) -> Lookup:
        """Return how the routes find an object; override for a `lookup_field` other than `pk`."""
        return Lookup(self.get_large_image_basename(request))

    def get_large_image_viewer_url(self, obj: models.Model) -> str | None:
        """Return the address that the form links to: the viewer inside the admin."""
        options = obj._meta
        name = f'{self.admin_site.name}:{options.app_label}_{options.model_name}_large_image'
        return reverse(name, args=[obj.pk])

    @property
    def media(self) -> forms.Media:
        """The admin's media and the style sheets of the thumbnails."""
        return super().media + forms.Media(css={'all': STYLES})

    @admin.display(description=_('image'))
    def large_image_thumbnail(self, obj: models.Model) -> SafeString | str:
        """A column for `list_display`: the picture, or a dash without a file."""
        if not getattr(obj, self.get_large_image_field(), None):
            return self.get_empty_value_display()
        try:
            source = thumbnail_url(obj, self.get_large_image_lookup(), width=160)
        except NoReverseMatch:
            return self.get_empty_value_display()
        return format_html(
            '<span class="li-column">'
            '<img class="li-thumbnail" loading="lazy" decoding="async" src="{}" alt="{}"></span>',
            source,
            obj,
        )

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Give the image's field its widget, unless the caller brings one."""
        if db_field.name == self.get_large_image_field(request):
            kwargs.setdefault('widget', self.get_large_image_widget(request))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_large_image_widget(self, request: HttpRequest) -> LargeImageAdminWidget:
        """Return the widget of the file field."""
        return LargeImageAdminWidget(
            lookup=self.get_large_image_lookup(request),
            inline_viewer=self.large_image_inline_viewer,
            viewer_url=self.get_large_image_viewer_url,
        )

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and `<pk>/large-image/` for the viewer."""
        options = self.model._meta
        view = path(
            '<path:object_id>/large-image/',
            self.admin_site.admin_view(self.large_image_view),
            name=f'{options.app_label}_{options.model_name}_large_image',
        )
        return [view, *super().get_urls()]

    def large_image_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the viewer of one image: 404 without object or image, 403 without permission."""
        obj = self.get_object(request, object_id)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None or not getattr(obj, self.get_large_image_field(request), None):
            raise Http404
        lookup = self.get_large_image_lookup(request)
        context = {
            **self.admin_site.each_context(request),
            'title': str(obj),
            'opts': self.opts,
            'original': obj,
            'media': self.media,
            'viewer': Viewer('map', lookup.urls(obj), title=str(obj), height='75vh'),
        }
        return TemplateResponse(request, self.large_image_viewer_template, context)
