/** The range of values: a histogram under two sliders, two numbers, and buttons for the usual stretches. */

const STEPS = 1000;
const MODES = ['auto', 'percentile', 'full'];

export class RangeControl {
  /** `parts` are the elements by name; `changed({range, min, max})` is called when the reader moves something. */
  constructor(parts, changed) {
    this.parts = parts;
    this.changed = changed;
    this.domain = [0, 255];
    for (const mode of MODES) {
      parts[`range-${mode}`]?.addEventListener('click', () =>
        changed({ range: mode, min: null, max: null }),
      );
    }
    parts.low?.addEventListener('input', () => this.#slide('low'));
    parts.high?.addEventListener('input', () => this.#slide('high'));
    for (const name of ['min', 'max']) {
      parts[name]?.addEventListener('input', () => (this.typed = name));
      parts[name]?.addEventListener('blur', () => (this.typed = null));
      parts[name]?.addEventListener('change', () => this.#type());
    }
  }

  /** Show histograms `{hist, bin_edges}` with their colours, and take their extent as that of the sliders. */
  draw(histograms, colors) {
    const canvas = this.parts.histogram;
    if (!canvas) return;
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!histograms.length) return;
    // The last edge of whole numbers lies one beyond the highest of them.
    const low = Math.min(...histograms.map((entry) => entry.min ?? entry.bin_edges[0]));
    const high = Math.max(...histograms.map((entry) => entry.max ?? entry.bin_edges.at(-1)));
    this.domain = high > low ? [low, high] : [low, low + 1];
    context.globalAlpha = histograms.length > 1 ? 0.55 : 1;
    histograms.forEach((entry, index) => this.#bars(context, entry, colors[index]));
  }

  #bars(context, { hist, bin_edges: edges }, color) {
    const { width, height } = context.canvas;
    // The square root keeps rare values visible beside a tall background.
    const tallest = Math.sqrt(Math.max(...hist)) || 1;
    const x = (value) => this.#fraction(value) * width;
    context.fillStyle = color;
    hist.forEach((count, index) => {
      const bar = (Math.sqrt(count) / tallest) * height;
      const left = x(edges[index]);
      context.fillRect(left, height - bar, Math.max(x(edges[index + 1]) - left, 1), bar);
    });
  }

  /** Show the range of a style; without numbers of its own the sliders rest at the ends. */
  show({ range, min, max }) {
    for (const mode of MODES) {
      this.parts[`range-${mode}`]?.setAttribute('aria-pressed', String(range === mode));
    }
    const [low, high] = this.domain;
    this.shown = { low: min ?? this.#round(low), high: max ?? this.#round(high) };
    this.#place('low', min ?? low);
    this.#place('high', max ?? high);
    this.#write('min', min, low);
    this.#write('max', max, high);
  }

  #write(name, value, end) {
    const input = this.parts[name];
    if (!input) return;
    input.placeholder = this.#round(end);
    // What is being typed is taken when it is done; a histogram may come before.
    if (name !== this.typed) input.value = value ?? '';
  }

  #fraction(value) {
    const [low, high] = this.domain;
    return Math.min(Math.max((value - low) / (high - low), 0), 1);
  }

  #place(name, value) {
    const slider = this.parts[name];
    if (!slider) return;
    slider.value = Math.round(this.#fraction(value) * STEPS);
    slider.setAttribute('aria-valuetext', String(this.#round(value)));
  }

  #slide(moved) {
    const { low, high } = this.parts;
    // A slider stops before the other one, which stays on its number, finer than its steps.
    if (Number(low.value) >= Number(high.value)) {
      if (moved === 'low') low.value = Math.max(Number(high.value) - 1, 0);
      else high.value = Math.min(Number(low.value) + 1, STEPS);
    }
    const value = (name) => (name === moved ? this.#value(Number(this.parts[name].value)) : this.shown[name]);
    const [min, max] = [value('low'), value('high')].sort((first, second) => first - second);
    this.changed({ range: 'manual', min, max });
  }

  /** The value at a step of the sliders: at the ends exactly that. */
  #value(step) {
    const [start, end] = this.domain;
    if (step <= 0 || step >= STEPS) return step <= 0 ? start : end;
    return this.#round(start + (step / STEPS) * (end - start));
  }

  #type() {
    this.typed = null;
    const read = (input) => (input?.value.trim() ? Number(input.value) : null);
    const [min, max] = [read(this.parts.min), read(this.parts.max)];
    this.changed({ range: min === null && max === null ? 'auto' : 'manual', min, max });
  }

  /** Whole numbers where the range is wide, three digits of the range otherwise. */
  #round(value) {
    const [low, high] = this.domain;
    const digits = Math.max(0, 3 - Math.ceil(Math.log10(high - low)));
    return Number(value.toFixed(Math.min(digits, 12)));
  }
}
