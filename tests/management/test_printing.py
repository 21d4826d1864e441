"""What is printed of others' texts."""

from __future__ import annotations

import pytest

from django_large_image.management.printing import printable


@pytest.mark.parametrize('text', ['a b.tif', 'ünï.tif', ''])
def test_plain_texts_are_printed_as_they_are(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ('text', 'shown'),
    [('a\nb', r"'a\nb'"), ('\x1b[2Jü', r"'\x1b[2J\xfc'"), ('\udcff', r"'\udcff'")],
)
def test_others_do_nothing_to_a_terminal(text, shown):
    assert printable(text) == shown
