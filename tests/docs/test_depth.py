"""The page "Depth images": its snippets, run."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from django_large_image.depth import frames, loading, processors
from django_large_image.exceptions import ParameterError
from tests.depth.served import DEPTHS, samples, store

SNIPPETS = Path(__file__).resolve().parents[2] / 'docs' / 'snippets'
LAS_TEXT = b"""~V
 VERS. 2.0 : CWLS
~A DEPTH GR RES
 100.5 20 1.5
 100.0 10 -999.25
"""


@pytest.fixture
def las(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor of the page, for a while."""
    monkeypatch.setattr(processors, 'PROCESSORS', dict(processors.PROCESSORS))
    runpy.run_path(str(SNIPPETS / 'depth_processor.py'))


@pytest.mark.django_db
def test_a_processor(las: None) -> None:
    image = loading.load(SimpleUploadedFile('a.las', LAS_TEXT), width=2, interpolation='nearest')
    frame = frames.read(image)
    assert frame.depths.tolist() == [100.0, 100.5]
    assert np.array_equal(frame.values, [[10, np.nan], [20, 1.5]], equal_nan=True)
    for wrong in (b'~V\n', b'~A\n1 x\n'):
        with pytest.raises(ParameterError, match='~A'):
            loading.load(SimpleUploadedFile('a.las', wrong))


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls('tests.depth.served')
def test_a_client(live_server: Any) -> None:
    image = store()
    client = runpy.run_path(str(SNIPPETS / 'depth_client.py'))
    depths, values = client['read_frame'](f'{live_server.url}/depth/{image.pk}', 1100, 1110)
    assert depths.tolist() == DEPTHS[200:221].tolist()
    assert (values == samples()[200:221]).all()


@pytest.mark.django_db
def test_rules_of_a_project(client: Any, admin_client: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = tuple(runpy.run_path(str(SNIPPETS / 'depth_urls.py'))['urlpatterns'])
    image = store()
    assert client.get(f'/depth/{image.pk}/frame.png').status_code == 403
    assert admin_client.get(f'/depth/{image.pk}/frame.png').status_code == 200
