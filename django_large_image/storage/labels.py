"""Short texts in place of what may hold secrets: credentials of a store, passwords in a URL."""

from __future__ import annotations

from django.utils.crypto import salted_hmac


def label(*parts: object) -> str:
    """Return a short text that tells its parts from all others, in all processes of a project.

    It is keyed with `SECRET_KEY`: nobody finds by trying what it is made of.
    """
    found = salted_hmac('django_large_image.storage', repr(parts), algorithm='sha256')
    return found.hexdigest()[:24]
