"""Names of files in, values of keys out: `scenes/{sensor}/{date:date}_{band}.tif`."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django_large_image.catalog import keys
from django_large_image.exceptions import ParameterError


@dataclass(frozen=True)
class Pattern:
    """A path with the names of keys where their values stand, in braces.

    A name may be followed by a colon and the kind of its values (`text` if not). Values are of any
    characters but slashes, as few of them as possible; a name that stands twice is the same value
    twice, `{}` is anything. Braces themselves are doubled.
    """

    text: str
    root: Path
    kinds: dict[str, str]
    expression: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Return the parts of a pattern; raises `ParameterError` for one that makes no sense."""
        written = os.path.abspath(text)
        kinds: dict[str, str] = {}
        expression, start = '', ''
        try:
            fields = list(string.Formatter().parse(written))
        except ValueError as error:
            raise ParameterError(f'The pattern is malformed: {error}.') from None
        for literal, name, kind, _ in fields:
            start += '' if kinds or expression.endswith(_ANY) else literal
            expression += re.escape(literal)
            if name is not None:
                expression += _group(name, kind or 'text', kinds)
        if not kinds:
            raise ParameterError('The pattern names no key: write {name} where its values stand.')
        root = start[: start.rfind('/') + 1] or '/'
        return cls(text, Path(root), kinds, re.compile(expression, re.DOTALL))

    def files(self) -> Iterator[Path]:
        """Yield the files, in the order of their paths, that have the suffix of the pattern and lie
        below its first folder whose name is known.
        """
        suffix = os.path.splitext(self.text)[1].lower()
        if '{' in suffix:
            suffix = ''
        for folder, below, names in os.walk(self.root):
            below.sort()
            for name in sorted(names):
                if name.lower().endswith(suffix):
                    yield Path(folder, name)

    def match(self, path: Path) -> dict[str, str] | None:
        """Return the value of each key in a path; None where the path is another one.

        Raises `ParameterError` for a value that is none of its key's kind.
        """
        found = self.expression.fullmatch(str(path))
        if found is None:
            return None
        values = found.groupdict()
        for name, value in values.items():
            keys.encode(self.kinds[name], value)
        return values


_ANY = '[^/]*?'


def _group(name: str, kind: str, kinds: dict[str, str]) -> str:
    """Return what a name in braces matches, and remember its kind."""
    if not name:
        return _ANY
    if name in kinds:
        return f'(?P={name})'
    keys.validate_name(name)
    if kind not in keys.KINDS:
        raise ParameterError(f'{kind!r} is no kind of values: {", ".join(keys.KINDS)}.')
    if len(kinds) == keys.MAX_KEYS:
        raise ParameterError(f'A catalogue has {keys.MAX_KEYS} keys at most.')
    kinds[name] = kind
    return f'(?P<{name}>[^/]+?)'
