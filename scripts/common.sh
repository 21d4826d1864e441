# Shared by the other scripts: stop at the first error, never ask, work from the top of the project.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

VENV=.venv
say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
digest() { sha256sum | cut -d' ' -f1; }
