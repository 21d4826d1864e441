"""A bucket of an object store, as one storage reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django_large_image.sources.reference import Options


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with, at one moment; `token` is empty but for temporary ones."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(default='', repr=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as its storage reaches it.

    `host` is that of the endpoint, with its port; `virtual` says that the bucket's name stands
    before it, not in the path. `credentials` are None where requests are not signed. `tls` are
    GDAL's options of certificates and proxies. `ask` returns the version of a key; it raises
    `BusyError` and `UnreadableError`.
    """

    name: str
    host: str
    secure: bool
    virtual: bool
    region: str
    credentials: Credentials | None
    tls: Options
    ask: Callable[[str], str]

    @property
    def scope(self) -> str:
        """Where the names of buckets are unique."""
        return f'{"https" if self.secure else "http"}://{self.host}'

    @property
    def options(self) -> Options:
        """What GDAL is told; each option is set, as the process may have another value of it."""
        signed = self.credentials or Credentials('', '')
        return (
            ('AWS_S3_ENDPOINT', self.host),
            ('AWS_HTTPS', 'YES' if self.secure else 'NO'),
            ('AWS_VIRTUAL_HOSTING', 'TRUE' if self.virtual else 'FALSE'),
            ('AWS_REGION', self.region),
            ('AWS_NO_SIGN_REQUEST', 'NO' if self.credentials else 'YES'),
            ('AWS_ACCESS_KEY_ID', signed.access_key),
            ('AWS_SECRET_ACCESS_KEY', signed.secret_key),
            ('AWS_SESSION_TOKEN', signed.token),
            *self.tls,
        )


def object_version(etag: str, version_id: str | None) -> str:
    """Return the version of an object by what its store says of it; empty where it says nothing."""
    etag = etag.removeprefix('"').removesuffix('"')
    known = '' if version_id in (None, 'null') else version_id
    return f'{etag}@{known}' if etag or known else ''
