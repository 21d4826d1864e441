#!/usr/bin/env bash
# Fetches CesiumJS, which the example project serves itself: no CDN.
source "$(dirname "$0")/common.sh"

key=$(cat package.json package-lock.json | digest)
[[ -d node_modules/cesium && "$(cat node_modules/.key 2>/dev/null)" == "$key" ]] && exit 0
have npm || die "npm is missing: run scripts/system.sh."
say 'CesiumJS'
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
echo "$key" >node_modules/.key
