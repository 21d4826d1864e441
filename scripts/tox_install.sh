#!/usr/bin/env bash
# pip for tox, which keeps GDAL's binding at the version of the system's libgdal: python, then pip's arguments.
set -euo pipefail
python=$1
shift
"$(dirname "$0")/binding.sh" "$python"
gdal=$(gdal-config --version)
exec "$python" -m pip install --constraint <(echo "gdal==${gdal%.*}.*,<=$gdal") "$@"
