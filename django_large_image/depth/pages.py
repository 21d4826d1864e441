"""The page of a depth image: the log beside its depths, from one depth to another, in colours."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image.depth.models import DepthImage
from django_large_image.depth.serializers import DepthImageSerializer
from django_large_image.rest.negotiation import NamedByURL
from django_large_image.viewers import package_urls, surroundings


class PageView(APIView):
    """The page; its JavaScript asks the paths beside its own URL, which ends in `page/`."""

    renderer_classes = [TemplateHTMLRenderer]
    content_negotiation_class = NamedByURL
    template_name = 'django_large_image/depth.html'
    swagger_schema = None

    def get(self, request: Request, pk: int) -> Response:
        """Return the page; 404 where there is no such image."""
        image = get_object_or_404(DepthImage, pk=pk)
        self.check_object_permissions(request, image)
        config = {
            'title': str(image),
            'image': DepthImageSerializer(image).data,
            # Below it are the endpoints of the image.
            'base': request.path.removesuffix('page/'),
            'urls': package_urls(),
            **surroundings(),
        }
        return Response({'object': image, 'config': config})
