#!/usr/bin/env bash
# Builds GDAL's Python binding for the libgdal that is here, unless a Python has it: binding.sh PYTHON.
source "$(dirname "$0")/common.sh"

python=$1
gdal=$(gdal-config --version)
pip() { "$python" -m pip install --quiet "$@"; }
has_binding() {
    "$python" -c "
from osgeo import gdal, gdal_array
assert gdal.__version__.split('.')[:2] == '$gdal'.split('.')[:2]" 2>/dev/null
}

has_binding && exit 0
say "GDAL's Python binding for libgdal $gdal (compiled: about a minute)"
# Built here, beside numpy: in pip's isolated build there is none, and gdal_array is left out.
# The cache may hold a wheel from such a build.
pip numpy 'setuptools>=77' wheel
# The numpy that comes with Debian's gdal-bin has older headers beside Python's own: not those.
headers=$("$python" -c 'import numpy; print(numpy.get_include())')
CFLAGS="-I$headers ${CFLAGS:-}" CXXFLAGS="-I$headers ${CXXFLAGS:-}" \
    pip --no-build-isolation --no-cache-dir --force-reinstall --no-deps "gdal==${gdal%.*}.*,<=$gdal"
has_binding || die "GDAL's binding was built but does not load: $python -c 'from osgeo import gdal_array'"
