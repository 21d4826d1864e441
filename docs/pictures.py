"""Renders the pictures of the page "Styles" through the package, from the example's samples.

    .venv/bin/python docs/pictures.py

The samples have to be there: `make demo` makes them.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLES = HERE.parent / 'example_project' / 'var' / 'media' / 'images'
IMAGES = HERE / 'images' / 'styles'
STYLES: dict[str, tuple[str, dict[str, Any]]] = runpy.run_path(
    str(HERE / 'snippets' / 'styles.py')
)['STYLES']


def main() -> None:
    """Write one PNG per style."""
    sys.path[:0] = [str(HERE / '_extensions'), str(HERE.parent)]
    import reference

    reference.configure()
    from rest_framework.test import APIRequestFactory
    from rest_framework.viewsets import ViewSet

    from django_large_image.rest import LargeImageMixin

    class Samples(LargeImageMixin, ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> Path:
            return SAMPLES / request.query_params['sample']

    IMAGES.mkdir(parents=True, exist_ok=True)
    view = Samples.as_view({'get': 'thumbnail'})
    for name, (sample, given) in STYLES.items():
        query = {key: json.dumps(v) if key == 'style' else v for key, v in given.items()}
        query.update(sample=sample, max_width=256, max_height=200)
        response = view(APIRequestFactory().get('/', query), fmt='png')
        if response.status_code != 200:
            raise SystemExit(f'{name}: {response.data}')
        write(IMAGES / f'{name}.png', response.content)


def write(path: Path, content: bytes) -> None:
    """Store a picture in few bytes: 128 colours are plenty at this size."""
    import io

    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert('RGBA')
    picture.quantize(128, method=Image.Quantize.FASTOCTREE).save(path, optimize=True)


if __name__ == '__main__':
    main()
