/** The rows of a frame: which depth is where. Places run from 0, the upper edge, to 1, the lower one. */

export class Rows {
  /** `depths` are those of the rows in their order, at least one. */
  constructor({ start, stop, depths }) {
    this.start = start;
    this.stop = stop;
    this.depths = depths;
    const last = depths.length - 1;
    this.pitch = last ? (depths[last] - depths[0]) / last : 0;
  }

  get count() {
    return this.depths.length;
  }

  /** The place of a depth, beyond the ends as far as rows of the mean distance would be. */
  place(depth) {
    const { depths, pitch, count } = this;
    const last = count - 1;
    if (depth <= depths[0]) return (0.5 + (depth - depths[0]) / (pitch || 1)) / count;
    if (depth >= depths[last]) return (last + 0.5 + (depth - depths[last]) / (pitch || 1)) / count;
    let [low, high] = [0, last];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (depths[middle] <= depth) low = middle;
      else high = middle;
    }
    const gap = depths[high] - depths[low] || 1;
    return (low + 0.5 + (depth - depths[low]) / gap) / count;
  }

  /** The depth at a place. */
  depth(place) {
    const { depths, pitch, count } = this;
    const row = place * count - 0.5;
    if (row <= 0) return depths[0] + row * pitch;
    if (row >= count - 1) return depths[count - 1] + (row - count + 1) * pitch;
    const low = Math.floor(row);
    return depths[low] + (row - low) * (depths[low + 1] - depths[low]);
  }

  /** The row of the whole image at a place. */
  row(place) {
    const { start, stop } = this;
    return Math.min(Math.max(Math.floor(start + place * (stop - start)), start), stop - 1);
  }
}
