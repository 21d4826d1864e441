"""The hooks of an IIIF service; a developer overrides them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.db import models
from django.http import Http404
from rest_framework.request import Request

from django_large_image.conf import settings
from django_large_image.iiif.features import Features, Limits
from django_large_image.rest.base import ImageHooks

if TYPE_CHECKING:
    from django_large_image.iiif.image import IIIFImage

# In characters: the paths of files are no longer, either.
_LONGEST = 4096


class IIIFHooks(ImageHooks):
    """From an identifier to an image, and what is said and allowed of it."""

    # DRF's.
    basename: str | None
    kwargs: dict[str, Any]
    request: Request

    # Which versions of the Image API are served, the preferred one last.
    iiif_versions: tuple[str, ...] = ('2', '3')
    # The field that identifiers name objects by; by default the viewset's `lookup_field`.
    iiif_lookup_field: str = ''
    # Whether colours are converted to sRGB by the profile of the file.
    iiif_srgb: bool = False

    def get_iiif_lookup(self, identifier: str) -> Mapping[str, Any]:
        """Return the lookup of the queryset that finds the object of an identifier.

        It has one entry: `{'file': 'scans/1.tif'}`. Whatever it finds nothing with is 404. Raises
        `Http404` for a number or an UUID that is not written as it usually is (`01`): an image has
        one identifier.
        """
        model = _model(self)
        if model is not None and not _is_canonical(model, self._iiif_field, identifier):
            raise Http404
        return {self._iiif_field: identifier}

    def get_iiif_identifier(self, instance: Any) -> str:
        """Return the identifier of an object: what `get_iiif_lookup` finds it by."""
        return str(getattr(instance, self._iiif_field))

    @property
    def _iiif_field(self) -> str:
        return self.iiif_lookup_field or getattr(type(self), 'lookup_field', 'pk')

    @classmethod
    def get_iiif_features(cls) -> Features:
        """Return what the service does: all but what the setting IIIF_SWITCHED_OFF names."""
        return _features(settings.IIIF_SWITCHED_OFF)

    def get_iiif_limits(self, image: IIIFImage) -> Limits:
        """Return how large the results of an image may be: as the settings say.

        Whatever it returns, MAX_OUTPUT_PIXELS holds. `image.instance` is the object of the model.
        """
        return _limits(
            settings.IIIF_MAX_WIDTH,
            settings.IIIF_MAX_HEIGHT,
            settings.IIIF_MAX_AREA,
            settings.IIIF_MAX_SCALE,
        )

    def get_iiif_info(self, image: IIIFImage) -> Mapping[str, Any]:
        """Return what info.json says of an image beyond, or in place of, what the file does.

        `rights`, `attribution` and `logo` get the names of the version asked for; any other
        property, `tiles` for one, is taken as it is. `image.instance` is the object of the model.
        """
        return {}

    def choose_iiif_object(self, identifier: str) -> Any:
        """Let the viewset's `get_object()` find the object of an identifier.

        Returns the `pk` that `get_path` is called with. Raises `Http404` for what is too long to
        name anything.
        """
        if len(identifier) > _LONGEST:
            raise Http404
        lookup = self.get_iiif_lookup(identifier)
        if len(lookup) != 1:
            raise ImproperlyConfigured(
                f'{type(self).__name__}.get_iiif_lookup() has to return one lookup, not '
                f'{len(lookup)}: narrow get_queryset() instead.'
            )
        [(field, value)] = lookup.items()
        view: Any = self
        view.lookup_field = view.lookup_url_kwarg = field
        view.kwargs = {**view.kwargs, field: value}
        return value


def keeps_iiif_hooks(view: IIIFHooks) -> bool:
    """Whether a viewset overrides none of the hooks that are told of single images."""
    cls = type(view)
    return (
        cls.get_iiif_info is IIIFHooks.get_iiif_info
        and cls.get_iiif_limits is IIIFHooks.get_iiif_limits
    )


def _model(view: Any) -> type[models.Model] | None:
    """Return the model of a view's objects; None where it has none."""
    queryset = getattr(view, 'queryset', None)
    if queryset is None:
        queryset = view.get_queryset() if hasattr(view, 'get_queryset') else None
    return getattr(queryset, 'model', None)


def _is_canonical(model: type[models.Model], name: str, text: str) -> bool:
    """Whether a text is how the value of a field is written, of those that read several."""
    field = _field(model, name)
    if field is None:
        return True
    try:
        return str(field.to_python(text)) == text
    except ValidationError:
        return False


@lru_cache(maxsize=64)
def _field(model: type[models.Model], name: str) -> models.Field[Any, Any] | None:
    """Return a field of numbers or UUIDs; None where the name is that of another, or of none."""
    try:
        field: Any = model._meta.pk if name == 'pk' else model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field if isinstance(field, (models.IntegerField, models.UUIDField)) else None


@lru_cache(maxsize=8)
def _features(switched_off: tuple[str, ...]) -> Features:
    return Features(frozenset(switched_off))


@lru_cache(maxsize=8)
def _limits(width: int, height: int, area: int, scale: float) -> Limits:
    return Limits(width or None, height or None, area or None, scale or None)
