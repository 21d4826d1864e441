"""Virtual environments of the peers, and the system's packages: installed once, or reported."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT, VAR


class UnavailableError(Exception):
    """A peer cannot be installed or started here; the message says why."""


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; raises `UnavailableError` with its last lines."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise UnavailableError(f'{command[0]} is not installed') from error
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout).strip().splitlines()[-4:]
        raise UnavailableError(f'`{Path(command[0]).name}` failed: {" / ".join(lines)}') from error
    return done.stdout.strip()


def program(name: str, package: str) -> str:
    """Return the path of a system's program; raises `UnavailableError` naming Debian's package."""
    found = shutil.which(name, path=f'{os.environ.get("PATH", "")}:/usr/sbin:/usr/local/sbin')
    if found is None:
        raise UnavailableError(f'{name} is missing: apt-get install {package}')
    return found


@dataclass(frozen=True)
class Environment:
    """A virtual environment with packages of the index, made by the Python that runs this.

    With `gdal`, GDAL's binding for the system's libgdal is built into it first.
    """

    name: str
    packages: tuple[str, ...]
    gdal: bool = False

    @property
    def path(self) -> Path:
        """Where it lies."""
        return VAR / 'venvs' / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / 'bin' / 'python'

    def install(self) -> None:
        """Make it, unless it is there and of the same packages."""
        gdal = run('gdal-config', '--version') if self.gdal else ''
        recipe = ' '.join((sys.version, gdal, *self.packages))
        key = hashlib.sha256(recipe.encode()).hexdigest()
        stamp = self.path / 'key'
        if self.python.exists() and stamp.exists() and stamp.read_text() == key:
            return
        sys.stderr.write(f'==> {self.name}: {", ".join(self.packages)}\n')
        shutil.rmtree(self.path, ignore_errors=True)
        run(sys.executable, '-m', 'venv', self.path)
        constraint = self._bind() if gdal else ()
        self._pip(*constraint, *self.packages)
        stamp.write_text(key)

    def version(self, package: str) -> str:
        """Return the version of an installed package."""
        code = f'from importlib.metadata import version; print(version({package!r}))'
        # Isolated: what lies in the current folder is not installed.
        return run(self.python, '-I', '-c', code)

    def _bind(self) -> tuple[str, ...]:
        run(ROOT / 'scripts' / 'binding.sh', self.python)
        pinned = self.path / 'constraint.txt'
        pinned.write_text(f'gdal=={self.version("gdal")}\n')
        return '--constraint', str(pinned)

    def _pip(self, *arguments: str) -> None:
        run(self.python, '-m', 'pip', 'install', '--quiet', '--no-input', *arguments)
