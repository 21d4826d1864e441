"""Content negotiation where the URL names the format already."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class NamedByURL(DefaultContentNegotiation):
    """Takes the first renderer whatever `Accept` says: it only ever renders errors.

    An `<img>` asks for `image/*` and must not be refused, and the answer does not vary with
    `Accept`.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer and its media type."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
