"""A strict Content-Security-Policy: nothing comes from elsewhere, and nothing inline runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

STRICT = {
    'default-src': "'self'",
    'img-src': "'self' data: blob:",
    # CesiumJS starts its workers from blobs and compiles WebAssembly in them.
    'script-src': "'self' 'wasm-unsafe-eval'",
    'worker-src': "'self' blob:",
    'object-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'self'",
    'frame-ancestors': "'self'",
}
# Swagger UI and ReDoc write <style> elements as they run.
API_DOCS = {**STRICT, 'style-src': "'self' 'unsafe-inline'"}
RELAXED = {'/swagger': API_DOCS, '/redoc': API_DOCS}


class ContentSecurityPolicyMiddleware:
    """Sends the policy of the page's path with every answer that does not bring its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault('Content-Security-Policy', header(policy(request.path_info)))
        return response


def policy(path: str) -> Mapping[str, str]:
    """Return the directives for a page."""
    for prefix, relaxed in RELAXED.items():
        if path.startswith(prefix):
            return relaxed
    origin = getattr(settings, 'UPLOAD_ORIGIN', '')
    if origin:
        # The widget of the admin sends files there.
        return {**STRICT, 'connect-src': f"'self' {origin}"}
    return STRICT


def header(directives: Mapping[str, str]) -> str:
    """Write directives as the header's value."""
    return '; '.join(f'{name} {sources}' for name, sources in directives.items())
