"""Directives whose tables are made from the code, so that the reference cannot drift.

`{settings}` takes one `NAME: text` per line and adds default and type; `{endpoint}` describes one
action of the mixins; `{errors}`, `{formats}` and `{checks}` list what the code lists. A setting or
an endpoint that the pages forget is a warning, and warnings are errors.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import Any, ClassVar

from django.conf import settings as django_settings
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


def configure() -> None:
    """Give Django the few settings that importing the package needs."""
    if django_settings.configured:
        return
    import django

    django_settings.configure(
        INSTALLED_APPS=[
            'django.contrib.auth',
            'django.contrib.contenttypes',
            'rest_framework',
            'django_large_image',
        ],
        SWAGGER_USE_COMPAT_RENDERERS=False,
    )
    django.setup()


def table(*rows: tuple[str, ...]) -> str:
    """Return rows, the first of which is the head, as a Markdown table."""
    cells = [[cell.replace('|', '\\|').replace('\n', ' ') for cell in row] for row in rows]
    cells.insert(1, ['---'] * len(rows[0]))
    return '\n'.join(f'| {" | ".join(row)} |' for row in cells)


def endpoints() -> dict[str, tuple[Any, Any]]:
    """Return (what `endpoint` was told, the action) by URL name."""
    from django_large_image.rest.data import DataActions
    from django_large_image.rest.deepzoom import DeepZoomActions
    from django_large_image.rest.info import InfoActions
    from django_large_image.rest.tiles import TilesActions

    found = {}
    for group in (InfoActions, TilesActions, DeepZoomActions, DataActions):
        for action in vars(group).values():
            if hasattr(action, 'endpoint'):
                found[action.endpoint.name] = (action.endpoint, action)
    return found


class Generated(SphinxDirective):
    """A directive that writes Markdown."""

    has_content = True

    def markdown(self) -> str:
        raise NotImplementedError

    def run(self) -> list[Any]:
        return self.parse_text_to_nodes(self.markdown())


class Settings(Generated):
    """Lines of `NAME: text`, in a table with type and default."""

    documented: ClassVar[set[str]] = set()

    def markdown(self) -> str:
        from django_large_image.conf import Settings as Table

        known = {field.name: field for field in fields(Table)}
        rows = [('Key', 'Type', 'Default', 'What it does')]
        text = '\n'.join(self.content).replace('\n  ', ' ')
        for line in filter(None, text.splitlines()):
            name, _, description = line.partition(': ')
            if name not in known:
                raise self.error(f'There is no setting {name}.')
            self.documented.add(name)
            default = known[name].default
            long = isinstance(default, tuple) and len(default) > 3
            shown = 'see below' if long else f'`{list(default) if default == () else default!r}`'
            kind = str(known[name].type).replace('tuple[str, ...]', 'list of str')
            rows.append((f'`{name}`', kind, shown, description))
        return table(*rows)


class Endpoint(Generated):
    """Everything about one action: its path, name, parameters and answer."""

    required_arguments = 1
    documented: ClassVar[set[str]] = set()

    def markdown(self) -> str:
        name = self.arguments[0]
        declared, action = endpoints()[name]
        self.documented.add(name)
        path = declared.path.replace('\\', '')
        path = re.sub(r'\(\?P<(\w+)>[^)]*\)', r'{\1}', path)
        methods = ', '.join(method.upper() for method in declared.methods)
        lines = [
            f'`{methods} {path}`',
            '',
            f'{inspect.cleandoc(action.__doc__)} URL name: `{{basename}}-{name}`.',
            '',
            self.answer(declared),
            '',
        ]
        rows = [
            (f'`{key}`', *self.describe(field))
            for key, field in declared.table._declared_fields.items()
        ]
        lines.append(table(('Parameter', 'Type', 'Default', 'Meaning'), *rows))
        return '\n'.join(lines)

    @staticmethod
    def answer(declared: Any) -> str:
        if declared.answer is None:
            kept = ' It is kept in the tile cache.' if declared.cached else ''
            return f'Answers with bytes of the format asked for.{kept}'
        many = 'items' in declared.answer
        schema = declared.answer['items'] if many else declared.answer
        keys = ', '.join(f'`{key}`' for key in schema.get('properties', {}))
        return f'Answers with {"a list of objects" if many else "a JSON object"}: {keys}.'

    @staticmethod
    def describe(field: Any) -> tuple[str, str, str]:
        from rest_framework import serializers

        kinds = [
            (serializers.BooleanField, 'true or false'),
            (serializers.IntegerField, 'whole number'),
            (serializers.FloatField, 'number'),
            (serializers.ChoiceField, 'one of the words'),
        ]
        kind = next((text for cls, text in kinds if isinstance(field, cls)), 'text')
        low, high = getattr(field, 'min_value', None), getattr(field, 'max_value', None)
        if low is not None and abs(low) < 2**31:
            kind += f', {low} to {high}' if high and high < 2**31 else f', from {low}'
        if field.required:
            default = 'required'
        elif field.default is serializers.empty:
            default = ''
        else:
            default = f'`{str(field.default).lower()}`'
        text = str(field.help_text or '')
        if isinstance(field, serializers.ChoiceField):
            text += f' One of {", ".join(f"`{choice}`" for choice in field.choices)}.'
        return kind, default, text


class Errors(Generated):
    """The table from errors to statuses."""

    def markdown(self) -> str:
        from django_large_image.rest.errors import STATUSES

        rows = [
            (str(status), f'`{error.__name__}`', (inspect.getdoc(error) or '').splitlines()[0])
            for error, status in STATUSES.items()
        ]
        return table(('Status', 'Error', 'When'), *rows)


class Formats(Generated):
    """The output formats of this installation."""

    def markdown(self) -> str:
        from django_large_image.pixels.formats import FORMATS

        rows: dict[str, list[Any]] = {}
        for suffix, output in FORMATS.items():
            rows.setdefault(output.name, [output, []])[1].append(f'`{suffix}`')
        return table(
            ('Suffix', 'Media type', 'Transparency'),
            *(
                (', '.join(suffixes), f'`{output.media_type}`', 'yes' if output.alpha else 'no')
                for output, suffixes in rows.values()
            ),
        )


class Values(Generated):
    """The values of a default that is too long for a table."""

    required_arguments = 1

    def markdown(self) -> str:
        from django_large_image.conf import Settings as Table

        return ', '.join(f'`{value}`' for value in getattr(Table(), self.arguments[0]))


def complain(app: Sphinx, env: Any) -> None:
    """Warn of settings and endpoints that no page describes; only a full build knows."""
    from django_large_image.conf import Settings as Table

    if len(app.env.found_docs) != len(app.builder.read_doc_names):
        return
    for name in sorted({field.name for field in fields(Table)} - Settings.documented):
        logger.warning('The setting %s is not documented.', name)
    for name in sorted(set(endpoints()) - Endpoint.documented):
        logger.warning('The endpoint %s is not documented.', name)


def remember(app: Sphinx, env: Any, names: list[str]) -> None:
    """Keep which pages this build reads."""
    app.builder.read_doc_names = list(names)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    configure()
    for name, directive in {
        'settings': Settings,
        'endpoint': Endpoint,
        'errors': Errors,
        'formats': Formats,
        'values': Values,
    }.items():
        app.add_directive(name, directive)
    app.connect('env-before-read-docs', remember)
    app.connect('env-updated', complain)
    return {'parallel_read_safe': False}
