"""Rotations: digits and a dot from 0 to 360, mirrored or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError
from django_large_image.iiif.rotation import Rotation


@pytest.mark.parametrize(
    ('text', 'degrees', 'mirrored', 'features', 'canonical'),
    [
        ('0', 0, False, (), '0'),
        ('90', 90, False, ('rotationBy90s',), '90'),
        ('180', 180, False, ('rotationBy90s',), '180'),
        ('270.0', 270, False, ('rotationBy90s',), '270'),
        ('360', 0, False, (), '0'),
        ('360.000', 0, False, (), '0'),
        ('!0', 0, True, ('mirroring',), '!0'),
        ('!180', 180, True, ('mirroring', 'rotationBy90s'), '!180'),
        ('!360', 0, True, ('mirroring',), '!0'),
        ('22.5', 22.5, False, ('rotationArbitrary',), '22.5'),
        ('22.50', 22.5, False, ('rotationArbitrary',), '22.5'),
        ('!345', 345, True, ('mirroring', 'rotationArbitrary'), '!345'),
        ('.5', 0.5, False, ('rotationArbitrary',), '0.5'),
        ('0.1', 0.1, False, ('rotationArbitrary',), '0.1'),
        ('007', 7, False, ('rotationArbitrary',), '7'),
        ('100', 100, False, ('rotationArbitrary',), '100'),
        # Finer than any pixel.
        ('0.00000001', 0, False, (), '0'),
        ('359.99999999', 0, False, (), '0'),
        ('0.000001', 1e-6, False, ('rotationArbitrary',), '0.000001'),
    ],
)
def test_a_rotation(text, degrees, mirrored, features, canonical):
    rotation = Rotation.parse(text)
    assert rotation == Rotation(degrees, mirrored)
    assert rotation.features == features
    assert str(rotation) == canonical


@pytest.mark.parametrize(
    'text',
    [
        *('', '!', '!!0', '0!', ' 0', '0 ', '0\n', '-0', '+0', '-90', '1e2', '1_0', 'nan', 'inf'),
        *(
            '361',
            '360.0000001',
            '360.1',
            '!400',
            'ninety',
            '90,',
            '٩',
            '\uff19',
            '9' * 36,
            '9' * 100_000,
        ),
        *('.', '1.2.3', '0x5a', '!-0', '90\0', '0' * 100_000, '0.' + '0' * 100_000),
    ],
)
def test_what_is_no_rotation(text):
    with pytest.raises(ParameterError, match='from 0 to 360'):
        Rotation.parse(text)


@given(st.floats(0, 360), st.booleans())
def test_the_canonical_form_is_the_same_rotation(degrees, mirrored):
    rotation = Rotation.parse(f'{"!" * mirrored}{degrees:.8f}')
    assert 0 <= rotation.degrees < 360
    assert Rotation.parse(str(rotation)) == rotation
    assert 'e' not in str(rotation)
