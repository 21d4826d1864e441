"""Labels: what stands for what nobody may see."""

from __future__ import annotations

from django_large_image.storage.labels import label


def test_labels_are_of_all_their_parts_and_of_the_project(settings):
    labels = [label('a', 'b'), label('ab'), label('a', ('b',)), label('a', None)]
    settings.SECRET_KEY = 'another one'
    labels.append(label('a', 'b'))
    assert len(set(labels)) == len(labels)
    assert label('a', 'b') == labels[-1]
