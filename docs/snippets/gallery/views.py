from django.views.generic import DetailView

from gallery.models import Image


class ImagePage(DetailView):
    model = Image
    template_name = 'gallery/image.html'
