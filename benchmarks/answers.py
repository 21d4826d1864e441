"""Whether what a server answers is what was asked: pictures, and the same ones as its peers'."""

from __future__ import annotations

import http.client
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import CONNECTIONS

# Side of the thumbnails by which pictures are compared.
THUMBNAIL = 8


class WrongAnswerError(Exception):
    """An answer is not a picture of the format that was asked for."""


@dataclass(frozen=True)
class Answer:
    """One picture: its size in bytes, its ETag, and a thumbnail (8, 8, 3) of it."""

    size: int
    etag: str
    thumbnail: NDArray[np.float32]


def fetch_all(url: str, addresses: Sequence[str], suffix: str) -> list[Answer]:
    """Ask for every address once, from several connections; raises `WrongAnswerError`."""
    host = urlsplit(url).netloc

    def fetch_some(start: int) -> list[Answer]:
        connection = http.client.HTTPConnection(host, timeout=60)
        return [fetch(connection, address, suffix) for address in addresses[start::CONNECTIONS]]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = list(pool.map(fetch_some, range(CONNECTIONS)))
    return [parts[index % CONNECTIONS][index // CONNECTIONS] for index in range(len(addresses))]


def fetch(connection: http.client.HTTPConnection, address: str, suffix: str) -> Answer:
    """Ask for one address; raises `WrongAnswerError`."""
    connection.request('GET', address)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise WrongAnswerError(f'{response.status} for {address}: {body[:200]!r}')
    with Image.open(io.BytesIO(body)) as image:
        if image.format != {'png': 'PNG', 'jpg': 'JPEG'}[suffix]:
            raise WrongAnswerError(f'{image.format} for {address}')
        return Answer(len(body), response.headers.get('ETag', ''), thumbnail(image))


def thumbnail(image: Image.Image) -> NDArray[np.float32]:
    """Return what a picture looks like from afar (8, 8, 3); what is transparent is black."""
    picture = image.convert('RGBA')
    black = Image.new('RGBA', picture.size, 'black')
    small = Image.alpha_composite(black, picture).convert('RGB')
    return np.asarray(small.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32)


def difference(some: Sequence[Answer], others: Sequence[Answer]) -> float:
    """Return how much the pictures of two servers differ: the median over the tiles of the mean
    difference of their thumbnails, of 255.
    """
    pairs = zip(some, others, strict=True)
    return float(np.median([np.abs(a.thumbnail - b.thumbnail).mean() for a, b in pairs]))
