// The names that pages of django-large-image 0.10 find ready: a classic script, so that they are global.
/* eslint-disable no-var, no-unused-vars */
var host = window.host || window.location.origin;
var baseApi = window.baseApi || 'api';
var tileUrl;
var thumbnailUrl;

/** Set one query parameter of `tileUrl` and `thumbnailUrl`, or take it away with `undefined`. */
function updateTileUrlOption(option, value) {
  function change(url) {
    if (!url || option === undefined) return url;
    var changed = new URL(url, window.location.href);
    if (value === undefined) changed.searchParams.delete(option);
    else changed.searchParams.set(option, value);
    return changed.href.replace(/%7B([zxy])%7D/gi, '{$1}');
  }
  tileUrl = change(tileUrl);
  thumbnailUrl = change(thumbnailUrl);
}
