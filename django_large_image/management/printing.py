"""What management commands print of others' texts."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text fit for a terminal: one with line feeds, escapes and the like as a literal."""
    return text if text.isprintable() else ascii(text)
