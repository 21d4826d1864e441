#!/usr/bin/env bash
# Builds the documentation; a warning is an error.
source "$(dirname "$0")/common.sh"

[[ -f docs/conf.py ]] || { say 'There are no docs to build.'; exit 0; }
$VENV/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
say 'docs/_build/html/index.html'
