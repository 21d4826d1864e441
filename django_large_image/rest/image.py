"""One image of one request: the steps from the viewset's hooks to pixels, each taken when it is
needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.functional import cached_property
from large_image.tilesource import FileTileSource
from rest_framework.request import Request

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError
from django_large_image.metrics import outcome, stage
from django_large_image.pixels.formats import EncodeOptions, get_format
from django_large_image.pixels.picture import Picture
from django_large_image.pixels.style import Style
from django_large_image.pixels.turning import UPRIGHT, Orientation
from django_large_image.rest.asked import Asked, parse_style
from django_large_image.rest.base import ImageHooks, keeps_hooks
from django_large_image.rest.responses import Binary
from django_large_image.sources.opening import Reader, open_source, reader_of
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.regions import Plan
from django_large_image.sources.rendering import Read, render

# The hooks on the way from a reference to a source.
_OPENING = ('get_tile_source', 'open_image', 'open_tile_source', 'get_query_param')


class RequestedImage:
    """What actions work with: `reference`, `source`, `reader` and `style` of the image asked
    for.
    """

    def __init__(self, view: ImageHooks, request: Request, pk: Any, asked: Asked) -> None:
        self.view = view
        self.request = request
        self.pk = pk
        self.asked = asked
        self.query = asked.query

    @cached_property
    def reference(self) -> ImageReference:
        """Where the image lies; asking for it checks permissions."""
        with stage('lookup'):
            return self.view.find_reference(self.request, self.pk)

    @cached_property
    def source(self) -> FileTileSource:
        """The tile source, without a style: styles are this package's own work."""
        reference, opening = self.reference, self.asked.opening
        with stage('open'):
            if opening is not None and keeps_hooks(self.view, *_OPENING):
                return open_source(reference, **opening)
            return self.view.get_tile_source(self.request, self.pk, style=False)

    @cached_property
    def reader(self) -> Reader:
        """The reading methods of the source."""
        return reader_of(self.source)

    @cached_property
    def style(self) -> Style:
        """The style asked for; raises `StyleError`."""
        said = self.asked.style
        if (
            said is not None
            and self.request.method != 'POST'
            and keeps_hooks(self.view, 'get_style')
        ):
            return said
        return parse_style(self.view.get_style(self.request))

    @property
    def frame(self) -> int | None:
        """The frame asked for outside of the style."""
        frame: int | None = getattr(self.query, 'frame', None)
        return frame

    @property
    def wants_samples(self) -> bool:
        """Whether the samples themselves are asked for: npy without a style."""
        return get_format(self.query.fmt).name == 'npy' and self.style.identity

    def picture(self, read: Read, turn: Orientation = UPRIGHT) -> Binary:
        """Return the encoded picture of what `read` reads, turned, in the style and format asked
        for.

        As npy and without a style it is the samples of all bands as they are stored.
        """
        if self.wants_samples:
            with stage('read'):
                picture = Picture(read(self.frame, None).data, 'RAW')
        else:
            picture = render(self.reader, self.reference, self.style, self.frame, read)
        return self.encoded(turn.show(picture))

    def encoded(self, picture: Picture) -> Binary:
        """Return a picture in the format and quality asked for."""
        output = get_format(self.query.fmt)
        options = EncodeOptions(quality=self.query.quality or settings.QUALITY)
        with stage('encode'):
            return Binary(output.encode(picture, options), output.media_type)

    def stored(self, find: Callable[[int | None, str], bytes | None]) -> Binary | None:
        """Return what `find(frame, format)` finds of the picture in the file, None where it has to
        be made.
        """
        if not self.style.identity or self.query.quality is not None:
            return None
        output = get_format(self.query.fmt)
        with stage('read'):
            body = find(self.frame, output.name)
        if body is None:
            return None
        outcome('read', 'stored')
        return Binary(body, output.media_type)

    def planned(self, plan: Plan) -> Binary:
        """Return the encoded picture of a plan; raises `BudgetError` for one that is too large."""
        check_size(plan.size, len(self.reader.bands) if self.wants_samples else 4)
        return self.picture(
            lambda frame, bands: plan.read(self.reader, frame, bands, self.query.resample)
        )


def check_size(size: tuple[int, int], bands: int = 4) -> None:
    """Raise `BudgetError` for a result of more pixels than the settings allow."""
    width, height = size
    limit = settings.MAX_OUTPUT_PIXELS
    if width * height * max(1, bands / 4) > limit:
        raise BudgetError(
            f'{width} x {height} pixels are more than the {limit} allowed: ask for a smaller '
            'region, or limit `width` and `height`.'
        )
