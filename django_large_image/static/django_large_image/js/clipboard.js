/** Copies addresses, for use elsewhere. */

/** Copy a URL as an absolute one; returns what to tell the reader: `copied`, or where it cannot be copied, the URL. */
export async function copyUrl(url, copied = 'Copied.') {
  const text = new URL(url, window.location.href).href.replace(/%7B([zxy])%7D/gi, '{$1}');
  try {
    await navigator.clipboard.writeText(text);
    return copied;
  } catch {
    return text; // no clipboard without HTTPS: the text can be selected
  }
}
