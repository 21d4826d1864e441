#!/usr/bin/env bash
# Installs the system packages that are missing, and only those; `system.sh test` those of the tests
# too. Without root it says what to run.
source "$(dirname "$0")/common.sh"
source scripts/python.sh

needed=()
need() { needed+=("$@"); }

have gdal-config || need libgdal-dev
have gdalwarp || need gdal-bin
have g++ || need g++
if [[ ! -x $VENV/bin/python ]]; then
    python=$(find_python)
    if [[ -z "$python" ]]; then
        need python3 python3-venv python3-dev
    elif ! python_is_complete "$python"; then
        python_is_debians "$python" || die "$python has no venv module or no C headers."
        name=$(basename "$(readlink -f "$(command -v "$python")")")
        need "$name-venv" "$name-dev"
    fi
fi
# A web server for the tests.
have "${NGINX:-/usr/sbin/nginx}" || have nginx || need nginx-light
if [[ ${1:-} == test ]]; then
    # A database of rasters.
    compgen -G "${POSTGRESQL:-/usr/share/postgresql}/*/extension/postgis_raster.control" >/dev/null ||
        need postgresql-postgis
    # What the IIIF validator looks into files with.
    [[ $("${LDCONFIG:-/sbin/ldconfig}" -p) == *libmagic.so.1* ]] || need libmagic1
fi
have npm || need nodejs npm
have chromium || have chromium-browser || have google-chrome || need chromium fonts-liberation

((${#needed[@]})) || exit 0

install=(apt-get install -y --no-install-recommends "${needed[@]}")
have apt-get || die "missing: ${needed[*]} (the names of Debian's packages)."
if ((EUID != 0)); then
    die "some system packages are missing. Please run:
    sudo apt-get update && sudo ${install[*]}"
fi
say "System packages: ${needed[*]}"
apt-get update -q
"${install[@]}"
