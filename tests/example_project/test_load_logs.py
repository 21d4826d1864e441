"""`load_logs` makes the log of the demo once, and the start page shows it."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

from core import logs
from django_large_image.depth import frames
from django_large_image.depth.models import Colormap, DepthImage

pytestmark = [pytest.mark.django_db, pytest.mark.urls('example_project.urls')]


@pytest.fixture
def few(monkeypatch):
    """A log of fewer rows than that of the demo."""
    monkeypatch.setattr(logs, 'ROWS', 200)


def test_it_is_made_once(few, capsys):
    call_command('load_logs', verbosity=0)
    image = DepthImage.objects.get()
    assert (image.name, image.rows, image.source_width) == (logs.NAME, 200, 180)
    assert (image.depth_min, image.depth_max, image.step) == pytest.approx((2150, 2153.98, 0.02))
    values = frames.read(image).values
    # Between the pads of the tool there is nothing.
    assert 0.05 < np.isnan(values).mean() < 0.3
    call_command('load_logs', verbosity=0)
    assert 'is there' in capsys.readouterr().out
    assert DepthImage.objects.count() == Colormap.objects.count() == 1


def test_the_start_page_shows_it(few, client):
    assert 'Depth images' not in client.get('/').content.decode()
    call_command('load_logs', verbosity=0)
    page = client.get('/').content.decode()
    image = DepthImage.objects.get()
    address = f'/api/depth/{image.pk}/page/'
    assert f'href="{address}"' in page
    assert client.get(address).status_code == 200
    (source,) = re.findall(r'<img src="(/api/depth/[^"]+)"', page)
    picture = client.get(source.replace('&amp;', '&'))
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.size == (150, 200)
