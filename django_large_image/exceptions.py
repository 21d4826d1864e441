"""One family of errors: what can go wrong between a request and its pixels.

Each error carries a `detail` that a stranger may read: no path, no library trace, no class name.
`django_large_image.rest.errors` maps each class to its HTTP status.
"""


class LargeImageError(Exception):
    """The base of every error that this package raises on purpose."""

    default_detail = 'The image could not be served.'

    def __init__(self, detail: str = '') -> None:
        # What a client wrote may be echoed, half a surrogate pair included.
        self.detail = (detail or self.default_detail).encode('utf-8', 'replace').decode()
        super().__init__(self.detail)


class ParameterError(LargeImageError):
    """The client asked for something that makes no sense."""

    default_detail = 'Invalid parameter.'


class StyleError(ParameterError):
    """The style is malformed or names a band, frame or palette that is not there."""

    default_detail = 'Invalid style.'


class FormatError(ParameterError):
    """The output format is unknown or cannot hold these pixels."""

    default_detail = 'Unknown format.'


class UnsupportedError(LargeImageError):
    """What the client asked for makes sense, but is switched off here."""

    default_detail = 'This is not supported here.'


class ProjectionError(ParameterError):
    """The projection is unknown, or the image cannot be shown in it."""

    default_detail = 'Invalid projection.'


class RegionError(ParameterError):
    """The region is empty, inverted or outside the image."""

    default_detail = 'Invalid region.'


class OutsideError(LargeImageError):
    """The tile lies outside the pyramid of the image."""

    default_detail = 'There is no such tile.'


class MissingError(LargeImageError):
    """The named part (an associated image) does not exist in the image."""

    default_detail = 'There is no such part of the image.'


class BudgetError(LargeImageError):
    """The answer would take more pixels than the settings allow."""

    default_detail = 'More pixels than allowed.'


class UnreadableError(LargeImageError):
    """The stored file is missing, truncated, not a raster, or of a kind that is not allowed."""

    default_detail = 'The image is unreadable.'


class RefusedError(UnreadableError):
    """The stored file leads to other files: nothing may open it."""

    default_detail = 'Unreadable image: files of this kind are not allowed.'


class ReplacedError(UnreadableError):
    """The stored file is another one than that which was opened."""

    default_detail = 'The image was replaced while it was read: ask again.'


class BusyError(LargeImageError):
    """A remote store did not answer in time."""

    default_detail = 'The store of the image did not answer in time.'
