#!/usr/bin/env bash
# Fetches CesiumJS, which the example project serves itself: no CDN. `node.sh test` fetches the
# servers of the tests too.
source "$(dirname "$0")/common.sh"

needed=(cesium) omitted=(--omit=dev)
if [[ ${1:-} == test ]]; then needed+=(azurite) omitted=(); fi
key=$(cat package.json package-lock.json | digest)
complete() {
    local name
    for name in "${needed[@]}"; do [[ -d node_modules/$name ]] || return 1; done
    [[ "$(cat node_modules/.key 2>/dev/null)" == "$key" ]]
}
complete && exit 0
have npm || die "npm is missing: run scripts/system.sh."
say "From npm: ${needed[*]}"
npm ci "${omitted[@]}" --no-audit --no-fund --ignore-scripts --loglevel=error
echo "$key" >node_modules/.key
