/** Pages of django-large-image 0.10: their own scripts name the image by `baseEndpoint`, `imageId` and `host`. */

/* global baseEndpoint, imageId, host, baseApi */

// `typeof`, because a page may declare them by `const`: such names are not properties of `window`.
function pageVariables() {
  return {
    endpoint: typeof baseEndpoint === 'undefined' ? undefined : baseEndpoint,
    image: typeof imageId === 'undefined' ? undefined : imageId,
    host: typeof host === 'undefined' || !host ? window.location.origin : host,
    api: typeof baseApi === 'undefined' ? 'api' : baseApi,
  };
}

/** Return the configuration with the URLs that 0.10 would have built, or raise an `Error` that says what is missing. */
export function legacyConfig(config) {
  const page = pageVariables();
  const image = config.imageId || page.image;
  if (!page.endpoint || image === undefined || image === null || image === '') {
    throw new Error('The page must set baseEndpoint and imageId before the viewer.');
  }
  const trim = (text) => String(text).replace(/^\/+|\/+$/g, '');
  const base = `${String(page.host).replace(/\/+$/, '')}/${trim(page.endpoint)}/${encodeURIComponent(image)}`;
  return {
    ...config,
    urls: {
      metadata: `${base}/info/metadata`,
      bands: `${base}/info/bands`,
      frames: `${base}/info/frames`,
      'tiles-metadata': `${base}/tiles/metadata`,
      tile: `${base}/tiles/{z}/{x}/{y}.png`,
      thumbnail: `${base}/data/thumbnail.png`,
      pixel: `${base}/data/pixel`,
      histogram: `${base}/data/histogram`,
      colormaps: `${page.host}/${trim(page.api)}/large-image/colormaps`,
      ...config.urls,
    },
  };
}
