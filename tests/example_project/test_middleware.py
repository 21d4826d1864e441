"""Every page carries a policy; only the API's own documentation may write styles."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from example_project.middleware import ContentSecurityPolicyMiddleware


def policy(rf, path, **headers):
    middleware = ContentSecurityPolicyMiddleware(lambda request: HttpResponse(headers=headers))
    value = middleware(rf.get(path)).headers['Content-Security-Policy']
    return dict(directive.split(' ', 1) for directive in value.split('; '))


@pytest.mark.parametrize('path', ['/', '/images/1/', '/images/1/globe/', '/admin/'])
def test_pages_are_strict(rf, path):
    directives = policy(rf, path)
    assert directives['default-src'] == "'self'"
    assert directives['object-src'] == "'none'"
    assert 'style-src' not in directives
    assert not any('unsafe-inline' in sources for sources in directives.values())
    assert not any('http' in sources for sources in directives.values())


@pytest.mark.parametrize('path', ['/swagger/', '/redoc/'])
def test_api_docs_may_write_styles_but_not_scripts(rf, path):
    directives = policy(rf, path)
    assert directives['style-src'] == "'self' 'unsafe-inline'"
    assert 'unsafe-inline' not in directives['script-src']


def test_a_view_may_bring_its_own(rf):
    assert policy(rf, '/', **{'Content-Security-Policy': "default-src 'none'"}) == {
        'default-src': "'none'"
    }
