"""Style functions: Python named by a style and run on its pixels, if the name is allowed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import StyleError

logger = logging.getLogger(__name__)

STAGES = ('pre', 'preband', 'band', 'postband', 'main', 'post')
_DEFAULT_STAGES = ('main', 'band')


@dataclass(frozen=True, slots=True)
class StyleFunction:
    """One function, when it runs, and what it is given besides the pixels.

    `parameters` is JSON. `context` is the keyword under which the function gets a namespace with
    what is known at that point: `image`, `stage` and, for one band, its `frame` and `band`.
    """

    name: str
    stages: tuple[str, ...] = _DEFAULT_STAGES
    parameters: str = '{}'
    context: str | None = None

    def __call__(self, pixels: NDArray[Any], context: SimpleNamespace) -> NDArray[Any]:
        """Return the changed pixels; StyleError, with the reason in the log, when that fails."""
        keywords = json.loads(self.parameters)
        if self.context:
            keywords[self.context] = context
        try:
            module, _, function = self.name.rpartition('.')
            changed = getattr(import_module(module), function)(pixels, **keywords)
            return np.asarray(changed)
        except Exception:
            # Whatever goes wrong in there is no fault of this package, and no secret of the log.
            logger.exception('The style function %s failed.', self.name)
            raise StyleError(f'The style function "{self.name}" failed.') from None


def parse_functions(value: object, allowed: frozenset[str]) -> tuple[StyleFunction, ...]:
    """Read a name, an object with a name, or a list of these; StyleError for names not allowed."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(function for item in value for function in parse_functions(item, allowed))
    if isinstance(value, str):
        value = {'name': value}
    if not isinstance(value, Mapping) or not isinstance(value.get('name'), str):
        raise StyleError('"function" must be a name, or an object with a "name".')
    if value['name'] not in allowed:
        raise StyleError('This style function is not allowed here.')
    parameters = value.get('parameters') or {}
    if not isinstance(parameters, Mapping):
        raise StyleError('"parameters" of a function must be an object.')
    return (
        StyleFunction(
            name=value['name'],
            stages=_parse_stages(value.get('stage')),
            parameters=json.dumps(parameters, sort_keys=True),
            context=_parse_context(value.get('context')),
        ),
    )


def run(
    functions: Iterable[StyleFunction], stage: str, pixels: NDArray[Any], **known: Any
) -> NDArray[Any]:
    """Return the pixels after all functions of a stage, in order."""
    for function in functions:
        if stage in function.stages:
            pixels = function(pixels, SimpleNamespace(stage=stage, **known))
    return pixels


def _parse_stages(value: object) -> tuple[str, ...]:
    if value is None:
        return _DEFAULT_STAGES
    stages = (value,) if isinstance(value, str) else value
    if not isinstance(stages, list | tuple) or not all(stage in STAGES for stage in stages):
        raise StyleError(f'"stage" of a function must be among {", ".join(STAGES)}.')
    return tuple(stages)


def _parse_context(value: object) -> str | None:
    if not value:
        return None
    if value is True:
        return 'context'
    if isinstance(value, str) and value.isidentifier():
        return value
    raise StyleError('"context" of a function must be true or a name.')
