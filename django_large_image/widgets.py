"""The form field of an image: Django's file input with a picture, facts and a map of the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import SuspiciousFileOperation
from django.db.models import Model
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_large_image.viewers import Lookup, Viewer, thumbnail_url

STYLES = ['django_large_image/css/viewer.css', 'django_large_image/css/summary.css']


class ModuleScript(str):
    """The path of an ES module in a form's media, where a plain path becomes a classic script."""

    __slots__ = ()

    def __html__(self) -> SafeString:
        return format_html('<script type="module" src="{}"></script>', static(str(self)))


class LargeImageWidget(forms.ClearableFileInput):
    """A file input that shows the stored image; without one it is Django's own.

    `lookup` says how the REST route finds the object, `inline_viewer` whether a map is part of the
    form, `viewer_url` gives the address of a page for an object, or nothing for no link.
    """

    summary_template_name = 'django_large_image/widgets/summary.html'

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        *,
        lookup: Lookup | None = None,
        inline_viewer: bool = True,
        viewer_url: Callable[[Model], str | None] | None = None,
    ) -> None:
        super().__init__(attrs)
        self.lookup = lookup or Lookup()
        self.inline_viewer = inline_viewer
        self.viewer_url = viewer_url

    @property
    def media(self) -> forms.Media:
        """The style sheets and the module of the summary."""
        return forms.Media(
            css={'all': STYLES}, js=[ModuleScript('django_large_image/js/summary.js')]
        )

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Return the file input and, below it, what is stored."""
        field = super().render(name, value, attrs, renderer)
        instance = getattr(value, 'instance', None)
        # After a failed upload `value` is the new file, which no route can serve.
        if not self.is_initial(value) or instance is None or instance.pk is None:
            return field
        summary = render_to_string(self.summary_template_name, self.get_summary(instance, value))
        return format_html('{}{}', field, summary)

    def get_summary(self, instance: Model, file: Any) -> dict[str, Any]:
        """Return the context of the summary; `problem` says why there is no picture of the file."""
        size, problem = file_size(file)
        context = {'instance': instance, 'size': size, 'problem': problem}
        if problem:
            return context
        try:
            viewer = Viewer('map', self.lookup.urls(instance), title=str(instance))
            picture = thumbnail_url(instance, self.lookup, width=320)
        except NoReverseMatch:
            text = _(
                'No route is called “%(name)s”: set large_image_basename to the name of yours.'
            )
            return {**context, 'problem': text % {'name': self.lookup.basename}}
        return {
            **context,
            'viewer': viewer,
            'thumbnail_url': picture,
            'inline_viewer': self.inline_viewer,
            'viewer_url': self.viewer_url(instance) if self.viewer_url else None,
        }


def file_size(file: Any) -> tuple[int | None, str]:
    """Return the size of a stored file in bytes, or `None` and why there is none.

    A storage without sizes is no problem: both are empty then.
    """
    try:
        return file.size, ''
    except FileNotFoundError:
        return None, _('The file is missing from the storage.')
    except SuspiciousFileOperation:
        return None, _('The file lies outside the storage.')
    except OSError:
        return None, _('The file cannot be read.')
    except NotImplementedError:
        return None, ''
