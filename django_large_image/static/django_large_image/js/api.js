/** The REST actions of one image, by the URLs that the page was given. */

/** What the server, or the way to it, said; `message` is meant for the reader of the page. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Put query parameters behind a URL that may already have some; empty values are left out. */
export function withQuery(url, params) {
  const query = Object.entries(params)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
  if (!query) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

/** Turn the JSON of an error into one line: its `detail` or `message`, or messages field by field. */
export function describe(body, status) {
  const said = body?.detail ?? body?.message;
  if (typeof said === 'string') return said;
  if (body && typeof body === 'object') {
    const lines = Object.entries(body).map(([key, value]) => `${key}: ${[value].flat().join(' ')}`);
    if (lines.length) return lines.join('; ');
  }
  return `The server answered ${status}.`;
}

/** GET JSON, or POST what `options` of `fetch` say. Raises `ApiError`. */
export async function getJson(url, options = {}) {
  let response;
  try {
    response = await fetch(url, {
      credentials: 'same-origin',
      ...options,
      headers: { Accept: 'application/json', ...options.headers },
    });
  } catch {
    throw new ApiError('The server cannot be reached.');
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(describe(body, response.status), response.status);
  if (body === null) throw new ApiError('The answer is not JSON.', response.status);
  return body;
}

export class ImageApi {
  constructor(urls) {
    this.urls = urls;
  }

  /** GET one JSON action; `null` when the viewset does not have it. */
  async get(action, params = {}) {
    return this.urls[action] ? getJson(withQuery(this.urls[action], params)) : null;
  }

  metadata() {
    return this.get('metadata');
  }

  bands() {
    return this.get('bands');
  }

  tilesMetadata(params) {
    return this.get('tiles-metadata', params);
  }

  pixel(params) {
    return this.get('pixel', params);
  }

  colormaps() {
    return this.get('colormaps');
  }

  /** The histograms asked for, one per band: `{hist, bin_edges, min, max}`. */
  async histogram(params) {
    const body = await this.get('histogram', params);
    const list = Array.isArray(body) ? body : (body?.histogram ?? []);
    return list.filter((entry) => Array.isArray(entry?.hist) && entry.bin_edges?.length > 1);
  }

  /** The URL of a tile with `{z}`, `{x}`, `{y}` left in it. */
  tile(params = {}) {
    return withQuery(this.urls.tile, params);
  }

  /** Why a tile did not come, or `null` when it is only absent or there after all. */
  explainTile(url) {
    return explainTile(url, [404]);
  }
}

/** Why a tile did not come, or `null` when it is there after all or its status is one of `expected`. */
export async function explainTile(url, expected = []) {
  try {
    const response = await fetch(url, { credentials: 'same-origin' });
    if (response.ok || expected.includes(response.status)) return null;
    return describe(await response.json().catch(() => null), response.status);
  } catch {
    return 'The server cannot be reached.';
  }
}
