from django import forms

from django_large_image.viewers import Lookup
from django_large_image.widgets import LargeImageWidget
from gallery.models import Image


class ImageForm(forms.ModelForm):
    class Meta:
        model = Image
        fields = ['name', 'file']
        widgets = {'file': LargeImageWidget(lookup=Lookup('image'))}
