"""`python serve.py MODULE:APPLICATION`: a WSGI application on granian, loaded once for all workers.

Workers are forked from this process when the application is in its memory: they share what it has
loaded until they change it, and one that has to be replaced answers at once.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

# Where the environment does not say otherwise; read by the libraries when they are loaded.
DEFAULTS = {
    # Of GDAL's decoded blocks, in MB for each worker.
    'GDAL_CACHEMAX': '16',
    # No threads of its own: they would not survive the fork, and tiles do no linear algebra.
    'OPENBLAS_NUM_THREADS': '1',
}
# What requests load later than a URLconf does: colour maps by name, where matplotlib is installed.
LATECOMERS = ('matplotlib.colors', 'numpy.ma')
TRIM_SECONDS = 2.0
# Parameters of the C library's `mallopt`. One heap for all threads: each would keep what it once
# needed. Arrays of a tile come from it, and the next tile finds the same pages: given back at once,
# as by default, all would have to be cleared again, which costs a seventh of a tile's time.
HEAPS = {
    'M_ARENA_MAX': (-8, 1),
    'M_MMAP_THRESHOLD': (-3, 4 * 1024 * 1024),
    'M_TRIM_THRESHOLD': (-1, 8 * 1024 * 1024),
}


def main() -> None:
    """Load what the command line names, and serve it until a signal ends it."""
    options = parse()
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    sys.path.insert(0, os.getcwd())
    set_up_heaps()
    preload(options.application)

    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    if sys.platform == 'linux':
        # As by default before Python 3.14.
        multiprocessing.set_start_method('fork')
    Granian(
        options.application,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
    ).serve(target_loader=start_worker)


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('application', metavar='MODULE:APPLICATION')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=8000)
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--threads', type=int, default=1)
    return parser.parse_args()


def load(target: str) -> Any:
    """Return the application of a name `module:attribute`."""
    module, _, attribute = target.partition(':')
    return getattr(import_module(module), attribute or 'application')


def preload(target: str) -> None:
    """Load the application and all that its requests need, and leave nothing open."""
    load(target)
    from django.db import connections
    from django.urls import get_resolver

    # The views, which Django would import at the first request.
    get_resolver().url_patterns  # noqa: B018
    for name in LATECOMERS:
        with suppress(ImportError):
            import_module(name)
    connections.close_all()
    # What the collector never looks at again is not written to, and stays shared.
    gc.collect()
    gc.freeze()


def start_worker(target: str) -> Any:
    """Return the application, in a worker that has just been forked."""
    threading.Thread(target=give_memory_back, daemon=True).start()
    return load(target)


def set_up_heaps() -> None:
    """Tell the C library how to keep memory."""
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in HEAPS.values():
            mallopt(parameter, value)


def give_memory_back() -> None:
    """Return free memory to the system now and then; the C library does at a heap's end only."""
    with suppress(AttributeError):
        trim = ctypes.CDLL(None).malloc_trim
        while True:
            time.sleep(TRIM_SECONDS)
            trim(0)


if __name__ == '__main__':
    main()
