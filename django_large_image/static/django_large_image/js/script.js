/** Classic scripts (Leaflet, Cesium) loaded once per page, when the first viewer needs them. */

const loading = new Map();

export function loadScript(url) {
  if (!loading.has(url)) {
    const promise = new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = url;
      script.onload = resolve;
      script.onerror = () => {
        script.remove();
        loading.delete(url);
        reject(new Error(`Cannot load ${url}`));
      };
      document.head.append(script);
    });
    loading.set(url, promise);
  }
  return loading.get(url);
}
