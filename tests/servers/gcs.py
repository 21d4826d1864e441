"""Google's cloud storage: its XML interface is that of S3 but for the signature, so it is moto."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from tests.servers.s3 import ROOT, S3Server

_SCHEME = 'GOOG1 '
_AS_SIGNED_FOR_S3 = 'AWS4-HMAC-SHA256 Credential=ROOTKEY/20200101/us-east-1/s3/aws4_request'


class GCSServer(S3Server):
    """Its `client` uploads as to S3, which the real one knows too."""

    @property
    def environment(self) -> dict[str, str]:
        """What GDAL is told of it, and of who asks."""
        return {
            'CPL_GS_ENDPOINT': f'{self.url}/',
            'GS_ACCESS_KEY_ID': ROOT[0],
            'GS_SECRET_ACCESS_KEY': ROOT[1],
        }

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Store an object; its bucket is made where there is none."""
        client = self.client()
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=key, Body=content)

    def refusal(self, environ: dict[str, Any]) -> int:
        """Return 403 for a wrong signature, 401 for a key that has expired."""
        told = environ.get('HTTP_AUTHORIZATION', '')
        if not told.startswith(_SCHEME):
            return super().refusal(environ)
        access, _, signature = told.removeprefix(_SCHEME).partition(':')
        key = self.keys.get(access)
        if key is None:
            return 403
        signed = [
            environ['REQUEST_METHOD'],
            environ.get('HTTP_CONTENT_MD5', ''),
            environ.get('CONTENT_TYPE', ''),
            environ['HTTP_DATE'],
            urlsplit(environ['RAW_URI']).path,
        ]
        expected = hmac.digest(key.secret.encode(), '\n'.join(signed).encode(), 'sha1')
        if base64.b64encode(expected).decode() != signature:
            return 403
        return 401 if key.expired else 0

    def backend(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as moto does, which looks for the name of a service in what was signed."""
        if environ.get('HTTP_AUTHORIZATION', '').startswith(_SCHEME):
            environ = {**environ, 'HTTP_AUTHORIZATION': _AS_SIGNED_FOR_S3}
        return super().backend(environ, start)

    def signed_by(self, environ: dict[str, Any]) -> str:
        """Return the name of the key."""
        told = environ.get('HTTP_AUTHORIZATION', '')
        if told.startswith(_SCHEME):
            return str(told).removeprefix(_SCHEME).partition(':')[0]
        return super().signed_by(environ)
