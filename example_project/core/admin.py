"""The admin of the images, with the package's widget and thumbnail column."""

from __future__ import annotations

from django.contrib import admin

from core.models import ImageFile
from django_large_image.admin import LargeImageAdminMixin


@admin.register(ImageFile)
class ImageFileAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    list_display = ['large_image_thumbnail', 'name', 'created']
    list_display_links = ['name']
    readonly_fields = ['created']
    search_fields = ['name', 'description']
