from django.contrib import admin

from django_large_image.admin import LargeImageAdminMixin
from gallery.models import Image


@admin.register(Image)
class ImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    list_display = ['large_image_thumbnail', 'name']
    list_display_links = ['name']
    large_image_field = 'file'
    large_image_basename = 'image'
