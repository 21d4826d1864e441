"""A server under measurement: started, waited for, weighed, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import VAR
from benchmarks.environments import UnavailableError

PATIENCE = 60.0


class Server:
    """A command in a process group of its own that listens on a port of this machine."""

    def __init__(
        self, name: str, command: list[str], port: int, env: dict[str, str], cwd: Path
    ) -> None:
        self.name, self.port = name, port
        logs = VAR / 'logs'
        logs.mkdir(parents=True, exist_ok=True)
        self.log = logs / f'{name}.log'
        with self.log.open('wb') as output:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=cwd,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f'http://127.0.0.1:{self.port}'

    def _wait(self) -> None:
        """Return when it listens; raises `UnavailableError` when it ends or does not in time."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise UnavailableError(f'did not start: {tail(self.log)}')

    def stop(self) -> None:
        """End its process group."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                continue

    def processor_time(self) -> float:
        """Return the seconds of processor that all of its processes have used so far."""
        pids = [self._process.pid, *descendants(self._process.pid)]
        return sum(processor_time(pid) for pid in pids)

    def memory(self) -> tuple[int, int]:
        """Return the proportional set size of its workers and that of the process that started
        them, in bytes; one that works alone is a worker.
        """
        first = proportional_size(self._process.pid)
        workers = [proportional_size(pid) for pid in descendants(self._process.pid)]
        return (sum(workers), first) if workers else (first, 0)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below a process."""
    for task in Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from descendants(child)


def proportional_size(pid: int) -> int:
    """Return the bytes of memory that are a process's own, and its share of what it shares."""
    try:
        lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith('Pss:'))


def processor_time(pid: int) -> float:
    """Return the seconds of processor that a process has used, in itself and for itself."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return 0.0
    # The 14th and 15th of the file; the name, which may hold blanks, is the second.
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def tail(path: Path, lines: int = 3) -> str:
    """Return the last lines of a log in one."""
    return ' / '.join(path.read_text(errors='replace').strip().splitlines()[-lines:])
