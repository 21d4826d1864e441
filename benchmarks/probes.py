"""What a map's user meets besides tiles made anew: 304, kept tiles, and files never seen."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterable
from statistics import median

from benchmarks import RASTERS
from benchmarks.answers import fetch, fetch_all
from benchmarks.cases import CASES, Case
from benchmarks.load import send, write_list
from benchmarks.peers import DjangoPeer, Peer
from benchmarks.servers import Server

COLD = CASES[0]
REST = 5.0
COPIES = tuple(f'cold-{number}.tif' for number in range(8))


def link_copies() -> None:
    """Give the first case's raster more names: to every server each is another file."""
    for name in COPIES:
        (RASTERS / name).unlink(missing_ok=True)
        os.link(RASTERS / COLD.filename, RASTERS / name)


def unlink_copies() -> None:
    """Take the names away again."""
    for name in COPIES:
        (RASTERS / name).unlink(missing_ok=True)


def kept(
    peer: DjangoPeer, cases: Iterable[Case], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Return the rates of the empty action, and by case those of 304 and of kept tiles."""
    server = peer.start({'BENCH_KEEP_TILES': '1'})
    try:
        lists = {'empty action': write_list('empty', [f'{peer.raster(CASES[0].filename)}/empty'])}
        for case in cases:
            addresses = [peer.address(case.filename, case, tile) for tile in case.tiles]
            answers = fetch_all(server.url, addresses, case.suffix)
            tagged = [f'{a}\t{b.etag}' for a, b in zip(addresses, answers, strict=True)]
            title = case.suffix.upper()
            lists[f'304 of a {title} tile'] = write_list(f'{case.name}-304', tagged)
            lists[f'kept {title} tile'] = write_list(f'{case.name}-kept', addresses)
        description = f'/iiif/3/{peer.numbers[CASES[0].filename]}/info.json'
        lists['info.json of IIIF'] = write_list('info', [description])
        for addresses_file in lists.values():
            # Every worker has to have made every tile once.
            send(server.url, addresses_file, seconds)
        rates: dict[str, list[float]] = {name: [] for name in lists}
        for _ in range(rounds):
            for name, addresses_file in lists.items():
                load = send(server.url, addresses_file, seconds)
                rates[name].append(load.rate)
        return rates
    finally:
        server.stop()


def memory(peer: Peer, cases: Iterable[Case], seconds: float) -> tuple[int, int]:
    """Return what the workers weigh after all of their cases, and their parent, in bytes.

    They rest a while before: a server may give back what it needs no more. Nobody else runs, who
    might share libraries with them.
    """
    server = peer.start()
    try:
        for case in cases:
            addresses = [peer.address(case.filename, case, tile) for tile in case.tiles]
            send(server.url, write_list(f'{case.name}-{peer.name}', addresses), seconds)
        time.sleep(REST)
        return server.memory()
    finally:
        server.stop()


def cold(peer: Peer, starts: int) -> dict[str, float]:
    """Return the median times in ms of the first tile of all of a server just started, and of the
    first of a file that it has never seen.
    """
    tile = COLD.tiles[0]
    first: list[float] = []
    later: list[float] = []
    for _ in range(starts):
        server = peer.start()
        try:
            greet(server)
            times = [
                1000 * timed(server, peer.address(name, COLD, tile), COLD.suffix) for name in COPIES
            ]
        finally:
            server.stop()
        first.append(times[0])
        # By the second half every worker has served something.
        later += times[len(times) // 2 :]
    return {'first tile of a server': median(first), 'first tile of a file': median(later)}


def timed(server: Server, address: str, suffix: str) -> float:
    """Return the seconds until one address was answered on a connection of its own."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=60)
    began = time.perf_counter()
    fetch(connection, address, suffix)
    return time.perf_counter() - began


def greet(server: Server, times: int = 16) -> None:
    """Wait until the workers answer at all: what they import at start is not the tile's cost."""
    for _ in range(times):
        connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=60)
        connection.request('GET', '/nothing-is-here')
        connection.getresponse().read()
