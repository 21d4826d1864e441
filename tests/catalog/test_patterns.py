"""Patterns of names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_large_image.catalog.patterns import Pattern
from django_large_image.exceptions import ParameterError


@pytest.mark.parametrize(
    ('pattern', 'path', 'values'),
    [
        ('/d/{a}.tif', '/d/x.tif', {'a': 'x'}),
        ('/d/{a}.tif', '/d/x y é_[1]{2}.tif', {'a': 'x y é_[1]{2}'}),
        ('/d/{a}_{b}.tif', '/d/x_y_z.tif', {'a': 'x', 'b': 'y_z'}),
        ('/d/{a}/{a}_{b}.tif', '/d/x/x_y.tif', {'a': 'x', 'b': 'y'}),
        ('/d/{a}/{a}_{b}.tif', '/d/x/z_y.tif', None),
        ('/d/{a}.tif', '/d/e/x.tif', None),
        ('/d/{a}.tif', '/d/.tif', None),
        ('/d/{}_{a}.tif', '/d/anything_x.tif', {'a': 'x'}),
        ('/d/{{{a}}}+.tif', '/d/{x}+.tif', {'a': 'x'}),
        ('/d/{a}.tif', '/d/x-tif', None),
        ('/d/{n:number}_{t:date}.tif', '/d/2.5_20240531.tif', {'n': '2.5', 't': '20240531'}),
    ],
)
def test_values(pattern: str, path: str, values: dict[str, str] | None) -> None:
    assert Pattern.parse(pattern).match(Path(path)) == values


def test_kinds() -> None:
    assert Pattern.parse('/d/{a}_{b:number}_{c:date}.tif').kinds == {
        'a': 'text',
        'b': 'number',
        'c': 'date',
    }


@pytest.mark.parametrize('name', ['x_20240531', '5_20241331'])
def test_values_that_are_none_of_their_kind(name: str) -> None:
    with pytest.raises(ParameterError):
        Pattern.parse('/d/{n:number}_{t:date}.tif').match(Path(f'/d/{name}.tif'))


@pytest.mark.parametrize(
    'text',
    [
        '/d/x.tif',
        '/d/{}.tif',
        '/d/{a.tif',
        '/d/a}.tif',
        '/d/{a b}.tif',
        '/d/{page}.tif',
        '/d/{a:colour}.tif',
        '/d/{0}.tif',
        '/d/' + '_'.join(f'{{k{number}}}' for number in range(9)),
    ],
)
def test_patterns_that_make_no_sense(text: str) -> None:
    with pytest.raises(ParameterError):
        Pattern.parse(text)


def test_files_are_those_with_the_suffix_below_the_first_folder(tmp_path: Path) -> None:
    for name in ('a/1.tif', 'a/1.TIF.aux.xml', 'a/2.TIF', 'b/c/3.tif', 'b/4.jp2'):
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'beside.tif').touch()
    found = Pattern.parse(f'{tmp_path}/in/{{a}}/{{b}}.tif').files()
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names == ['in/a/1.tif', 'in/a/2.TIF', 'in/b/c/3.tif']


def test_a_pattern_may_begin_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'x.tif').touch()
    pattern = Pattern.parse('{a}.tif')
    assert [pattern.match(path) for path in pattern.files()] == [{'a': 'x'}]
