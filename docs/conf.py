"""Sphinx: the pages are MyST Markdown, the tables of the reference come from the code itself."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / '_extensions'), str(HERE.parent)]

from django_large_image import __version__  # noqa: E402

project = 'django-large-image'
author = 'the contributors of django-large-image'
copyright = 'the contributors of django-large-image'
version = release = __version__

extensions = ['myst_parser', 'reference']
myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 3
nitpicky = True
exclude_patterns = ['_build', 'snippets']

html_theme = 'furo'
html_title = f'django-large-image {release}'
html_show_copyright = False
# No file on the pages comes from another host.
html_theme_options = {'source_edit_link': ''}
