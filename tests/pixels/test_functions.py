"""Style functions: refused unless allowed, and run where they say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from django_large_image.exceptions import StyleError
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style

SEEN: list[SimpleNamespace] = []
NAME = f'{__name__}.add'
BROKEN = f'{__name__}.missing'


def add(pixels: np.ndarray, amount: float = 0, context: SimpleNamespace | None = None) -> Any:
    """The style function of these tests."""
    if context:
        SEEN.append(context)
    return pixels + amount


def show(style: dict[str, Any], values: tuple[int, ...] = (0, 100)) -> list[int]:
    parsed = Style.parse(style, allowed_functions=frozenset({NAME, BROKEN}))
    data = np.array(values, np.uint8).reshape(1, -1, 1)
    picture = parsed.apply({None: Raster(data, None, (Band(1, 'gray'),))})
    return picture.to_rgba().data[0, :, 0].tolist()


@pytest.mark.parametrize(
    'function',
    ['os.system', {'name': 'os.system'}, [{'name': 'os.system', 'stage': 'pre'}], [NAME]],
)
@pytest.mark.parametrize('wrap', [dict, lambda band: {'bands': [band]}])
def test_refused_by_default(function: Any, wrap: Any) -> None:
    with pytest.raises(StyleError, match='not allowed'):
        Style.parse(wrap({'band': 1, 'function': function}))


def test_refused_beside_the_bands() -> None:
    with pytest.raises(StyleError, match='not allowed'):
        Style.parse({'bands': [{'band': 1}], 'function': 'os.system'})


@pytest.mark.parametrize(
    ('stage', 'amount', 'expected'),
    [
        ('preband', 20, [20, 120]),
        ('band', 0.2, [51, 151]),
        ('postband', 30, [30, 130]),
        (['preband', 'postband'], 10, [20, 120]),
        ('main', 30, [0, 100]),
        (None, 0.2, [51, 151]),
    ],
)
def test_stages_of_a_band(stage: Any, amount: float, expected: list[int]) -> None:
    function = {'name': NAME, 'stage': stage, 'parameters': {'amount': amount}}
    assert show({'min': 0, 'max': 255, 'function': function}) == expected


@pytest.mark.parametrize(('stage', 'expected'), [('main', [30, 130]), ('post', [30, 130])])
def test_stages_of_the_whole(stage: str, expected: list[int]) -> None:
    function = {'name': NAME, 'stage': stage, 'parameters': {'amount': 30}}
    bands = [{'min': 0, 'max': 255}]
    assert show({'bands': bands, 'function': function}) == expected


def test_context() -> None:
    SEEN.clear()
    show({'min': 0, 'max': 255, 'function': {'name': NAME, 'stage': 'band', 'context': True}})
    (context,) = SEEN
    assert (context.stage, context.band, context.frame) == ('band', 1, None)
    assert context.image.shape == (1, 2, 1)


@pytest.mark.parametrize(
    'function',
    [
        5,
        {},
        {'name': NAME, 'stage': 'sometimes'},
        {'name': NAME, 'stage': 5},
        {'name': NAME, 'parameters': 5},
        {'name': NAME, 'context': 'not a name'},
    ],
)
def test_malformed(function: Any) -> None:
    with pytest.raises(StyleError):
        show({'band': 1, 'function': function})


@pytest.mark.parametrize(
    'function', [BROKEN, {'name': NAME, 'parameters': {'no_such_parameter': 1}}]
)
def test_failures_are_said_without_details(function: Any) -> None:
    with pytest.raises(StyleError, match=r'^The style function "[\w.]+" failed\.$'):
        show({'band': 1, 'function': function})


def test_key_tells_functions_apart() -> None:
    allowed = frozenset({NAME})
    keys = {
        Style.parse({'function': {'name': NAME, **more}}, allowed_functions=allowed).key
        for more in ({}, {'stage': 'pre'}, {'parameters': {'amount': 1}}, {'context': True})
    }
    assert len(keys) == 4
