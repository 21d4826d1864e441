from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from gallery.models import ImageFile


def globe(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, 'gallery/globe.html', {'object': get_object_or_404(ImageFile, pk=pk)})


def flat(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, 'gallery/flat.html', {'object': get_object_or_404(ImageFile, pk=pk)})
