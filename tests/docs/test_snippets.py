"""The Python and the templates on the pages run; nothing on the pages is Python that does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'
SNIPPETS = DOCS / 'snippets'
SUITE = Path(__file__).parent / 'suite'
PAGES = sorted(DOCS.glob('*.md'))
FENCE = re.compile(r'^```(\S*)\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def test_the_project_of_the_pages_runs():
    environment = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'}
    environment.pop('DJANGO_SETTINGS_MODULE', None)
    result = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-c', str(SUITE / 'pytest.ini'), str(SUITE)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=SUITE,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_snippet_is_on_a_page():
    text = ''.join(page.read_text() for page in PAGES)
    shown = {SNIPPETS / name for name in re.findall(r'snippets/([\w/.]+)', text)}
    files = {path for path in SNIPPETS.rglob('*.*') if path.suffix in ('.py', '.html')}
    unused = {path.name for path in files - shown} - {'__init__.py', 'views.py'}
    assert unused == set()


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_pages_show_only_what_runs(page):
    """Python comes from the snippets, but for what needs a file of the reader's or is one line."""
    for language, code in FENCE.findall(page.read_text()):
        if language == 'python':
            compile(code, str(page), 'exec')
            assert len(code.splitlines()) < 6
        elif language == 'json':
            json.loads(code)


def test_styles_on_the_page_are_those_of_the_snippet():
    styles: dict[str, object] = {}
    exec((SNIPPETS / 'styles.py').read_text(), styles)
    known = [given.get('style') for _, given in styles['STYLES'].values()]  # type: ignore[attr-defined]
    shown = [
        json.loads(code)
        for language, code in FENCE.findall((DOCS / 'styles.md').read_text())
        if language == 'json'
    ]
    assert shown
    assert all(style in known for style in shown)


def test_the_example_of_the_readme_is_the_snippet_that_runs():
    blocks = [
        code
        for language, code in FENCE.findall((ROOT / 'README.md').read_text())
        if language == 'python'
    ]
    assert blocks == [(SNIPPETS / 'gallery' / 'viewsets.py').read_text()]


@pytest.mark.parametrize('page', [*PAGES, ROOT / 'README.md'], ids=lambda page: page.name)
def test_pictures_and_pages_that_are_named_exist(page):
    for target in re.findall(r'\]\((?!https?:)([^)#]+)', page.read_text()):
        assert (page.parent / target).is_file(), target


def test_every_setting_and_endpoint_is_on_its_page():
    from dataclasses import fields

    from django_large_image.conf import Settings
    from django_large_image.rest import LargeImageDetailMixin

    described = re.findall(r'^([A-Z_]+): ', (DOCS / 'settings.md').read_text(), re.MULTILINE)
    assert sorted(described) == sorted(field.name for field in fields(Settings))
    actions = [getattr(LargeImageDetailMixin, name) for name in dir(LargeImageDetailMixin)]
    names = {action.url_name for action in actions if hasattr(action, 'url_name')}
    assert names == set(re.findall(r'```{endpoint} (.+)', (DOCS / 'rest.md').read_text()))


def test_the_number_of_endpoints_in_the_readme():
    from django_large_image.rest import LargeImageDetailMixin

    actions = [getattr(LargeImageDetailMixin, name) for name in dir(LargeImageDetailMixin)]
    count = len([action for action in actions if hasattr(action, 'url_path')])
    assert f'{count} endpoints' in (ROOT / 'README.md').read_text()
