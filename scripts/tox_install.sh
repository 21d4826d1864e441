#!/usr/bin/env bash
# pip for tox, which keeps GDAL's binding at the version of the system's libgdal: python, then pip's arguments.
set -euo pipefail
python=$1
shift
gdal=$(gdal-config --version)
spec="gdal==${gdal%.*}.*,<=$gdal"
if ! "$python" -c 'from osgeo import gdal_array' 2>/dev/null; then
    "$python" -m pip install --quiet numpy 'setuptools>=77' wheel
    "$python" -m pip install --quiet --no-build-isolation --no-cache-dir --no-deps "$spec"
fi
exec "$python" -m pip install --constraint <(echo "$spec") "$@"
