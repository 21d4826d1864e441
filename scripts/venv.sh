#!/usr/bin/env bash
# Makes .venv with the project (editable), its extras, and GDAL's binding for the libgdal that is here.
source "$(dirname "$0")/common.sh"
source scripts/python.sh

EXTRAS=${EXTRAS:-test,docs,example}
have gdal-config || die "gdal-config is missing: run scripts/system.sh."
gdal=$(gdal-config --version)
# What the environment is made of; when any of it changes, it is brought up to date.
key=$(
    { cat setup.py pyproject.toml django_large_image/__init__.py scripts/venv.sh scripts/binding.sh
      echo "$gdal ${PYTHON:-} $EXTRAS $PWD"; } | digest
)
[[ -x $VENV/bin/python && "$(cat $VENV/.key 2>/dev/null)" == "$key" ]] && exit 0

python=$(find_python)
[[ -n "$python" ]] || die "no Python 3.10-3.13 is here."
# An environment that was made elsewhere, or by another Python that is asked for, is not repaired.
made_at=$(cat $VENV/.made 2>/dev/null || true)
if [[ ! -x $VENV/bin/python || "$made_at" != "$PWD ${PYTHON:-}" ]]; then
    say "Virtual environment: $($python --version)"
    rm -rf $VENV
    "$python" -m venv $VENV
    echo "$PWD ${PYTHON:-}" >$VENV/.made
fi
pip() { $VENV/bin/python -m pip install --quiet "$@"; }

scripts/binding.sh $VENV/bin/python
say 'Python packages'
binding=$($VENV/bin/python -c 'from importlib.metadata import version; print(version("gdal"))')
pip --constraint <(echo "gdal==$binding") --editable ".[$EXTRAS]"
# For the rasters in it; what it would import is not needed.
pip --no-deps 'localtileserver==1.0.0'
echo "$key" >$VENV/.key
