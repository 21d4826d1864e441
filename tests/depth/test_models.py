"""The tables of depth images."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from django_large_image.depth import frames, loading
from django_large_image.depth.models import Chunk, Colormap, DepthImage
from tests.depth import factories

# What a database could change on its way: signs of zero, the least and greatest, payloads of NaN.
BITS = np.array([0x80000000, 0x00000001, 0x7F7FFFFF, 0x7FC00000, 0x7FC12345, 0x3DCCCCCD], np.uint32)


def test_migrations_are_complete(db: None) -> None:
    call_command('makemigrations', 'large_image_depth', check=True, dry_run=True, verbosity=0)


def test_bits_come_back(database: str) -> None:
    depths = np.array([0.1, 1 / 3, 1e-300])
    image = DepthImage.objects.create(
        name='a', width=2, source_width=2, interpolation='area', rows=3, chunk_rows=8,
        depth_min=0, depth_max=1, step=1,
    )  # fmt: skip
    Chunk.objects.create(
        image=image, number=0, rows=3, depth_min=0, depth_max=1, depths=depths.tobytes(),
        values=BITS.tobytes(),
    )  # fmt: skip
    found = frames.rows(DepthImage.objects.get(), 0, 3)
    assert found.values.view(np.uint32).ravel().tolist() == BITS.tolist()
    assert found.depths.tobytes() == depths.tobytes()


def test_the_frame_of_the_file_comes_back(database: str) -> None:
    depths, values = np.arange(600) / 7 - 40, factories.numbers(600, 5)
    image = loading.load(factories.log(depths, values), width=5)
    found = frames.read(DepthImage.objects.get(pk=image.pk))
    assert found.values.tobytes() == values.tobytes()
    assert found.depths.tobytes() == depths.tobytes()


def test_limits_are_looked_up_in_an_index(database: str) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Chunk._meta.db_table)
    assert found['li_chunk_depth']['columns'] == ['image_id', 'level', 'depth_min']
    assert found['li_chunk_number']['columns'] == ['image_id', 'level', 'number']


def test_a_chunk_and_a_name_of_colours_are_there_once(database: str) -> None:
    image = loading.load(factories.log([1, 2], factories.numbers(2, 3)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Chunk.objects.create(
            image=image, number=0, rows=0, depth_min=0, depth_max=0, depths=b'', values=b''
        )
    Colormap.objects.create(name='a', stops=[])
    with pytest.raises(IntegrityError), transaction.atomic():
        Colormap.objects.create(name='a', stops=[])


def test_chunks_go_with_their_image(database: str) -> None:
    image = loading.load(factories.log([1, 2], factories.numbers(2, 3)))
    assert Chunk.objects.count() == 1
    image.delete()
    assert not Chunk.objects.exists()
