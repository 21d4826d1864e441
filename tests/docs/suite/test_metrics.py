"""What the page on metrics shows."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User


def test_the_view_tells_of_a_tile(images, client, settings):
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'METRICS': True}
    assert client.get(f'/api/images/{images[0].pk}/tiles/0/0/0.png/').status_code == 200
    settings.ROOT_URLCONF = 'metrics_urls'
    client.force_login(User.objects.create_user('ann', is_staff=True))
    text = client.get('/metrics').content.decode()
    sample = r'large_image_requests_total{pid="\d+",endpoint="tile",format="png",status="200"} \d+'
    assert re.search(sample, text)


def test_the_collector_of_prometheus_client(images, client, settings):
    exporter = pytest.importorskip('prometheus_client')
    import collector

    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'METRICS': True}
    assert client.get(f'/api/images/{images[0].pk}/tiles/0/0/0.png/').status_code == 200
    text = exporter.generate_latest().decode()
    labels = 'endpoint="tile",format="png",status="200"'
    assert re.search(rf'^large_image_requests_total{{{labels}}} [1-9]', text, re.MULTILINE)
    stages = r'^large_image_stage_seconds_bucket{le="\+Inf",stage="read"} [1-9]'
    assert re.search(stages, text, re.MULTILINE)
    assert collector.LargeImageCollector in map(type, exporter.REGISTRY._collector_to_names)
