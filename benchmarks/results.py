"""What a run found, as it is kept in `var/results` and shown in the docs."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from benchmarks import RESULTS
from benchmarks.load import Load


@dataclass
class Measurement:
    """One peer at one case: a load and a cost per round, the mean size of a tile in bytes, and how
    far its pictures are from ours (of 255).
    """

    loads: list[Load] = field(default_factory=list)
    # Milliseconds of processor that an answer takes, per round.
    costs: list[float] = field(default_factory=list)
    size: float = 0.0
    difference: float = 0.0

    @property
    def rate(self) -> float:
        """The median of answers/s."""
        return median(load.rate for load in self.loads)

    @property
    def cost(self) -> float:
        """The median of the processor's ms per answer."""
        return median(self.costs)

    @property
    def p99(self) -> float:
        """The median of the 99th percentiles, in ms."""
        return median(load.p99 for load in self.loads)

    @property
    def failed(self) -> int:
        """How many answers were none."""
        return sum(load.failed for load in self.loads)


@dataclass(frozen=True)
class Machine:
    """What it was measured on."""

    date: str
    cores: int
    processor: str
    memory: int
    python: str
    system: str
    load: float

    @classmethod
    def here(cls) -> Machine:
        """Return what this machine is, and how busy it was a minute ago."""
        return cls(
            date=datetime.now(timezone.utc).strftime('%Y-%m-%d'),
            cores=os.cpu_count() or 1,
            processor=processor(),
            memory=os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'),
            python=platform.python_version(),
            system=platform.freedesktop_os_release().get('PRETTY_NAME', platform.system()),
            load=os.getloadavg()[0],
        )

    def __str__(self) -> str:
        return (
            f'{self.cores} cores ({self.processor}), {self.memory / 2**30:.0f} GB, {self.system}, '
            f'Python {self.python}'
        )


@dataclass
class Results:
    """Everything that a run found; the names are those of peers and cases."""

    machine: Machine
    rounds: int
    versions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    cases: dict[str, dict[str, Measurement]] = field(default_factory=dict)
    # Bytes of the workers and of their parent.
    memory: dict[str, tuple[int, int]] = field(default_factory=dict)
    # Rates by what was asked, one per round.
    kept: dict[str, list[float]] = field(default_factory=dict)
    # Milliseconds by peer and by what was waited for.
    cold: dict[str, dict[str, float]] = field(default_factory=dict)

    def save(self, name: str) -> Path:
        """Write all of it as JSON; return the file."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f'{name}.json'
        path.write_text(json.dumps(asdict(self), indent=1) + '\n')
        return path


def processor() -> str:
    """Return the name of the processor, as far as the system tells."""
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()
