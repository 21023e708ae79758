/** What an axis of amounts is marked with. */
export interface Axis {
  top: number;
  ticks: number[];
}

/** An axis of whole numbers that ends at a round one, not below `most`. */
export function nice(most: number): Axis {
  const rough = Math.max(1, most / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough && Number.isInteger(size)) ??
      10 * power,
  );
  const top = Math.ceil(most / step) * step;
  return { top, ticks: Array.from({ length: top / step + 1 }, (_, index) => index * step) };
}

/** The upper edges of layers that lie on one another. */
export function stack(layers: readonly (readonly number[])[]): number[][] {
  const edges: number[][] = [];
  for (const layer of layers) {
    const below = edges.at(-1);
    edges.push(layer.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return edges;
}

/** Numbers of hours of the past day: `slots` are those hours in which there was something. */
export function hourly(slots: readonly { time: string; files: number }[], now: number, hours: number) {
  const HOUR_MS = 3_600_000;
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  const times = Array.from({ length: hours }, (_, index) => last - (hours - 1 - index) * HOUR_MS);
  const found = new Map<number, number>();
  for (const slot of slots) {
    const hour = Math.floor(Date.parse(slot.time) / HOUR_MS) * HOUR_MS;
    found.set(hour, (found.get(hour) ?? 0) + slot.files);
  }
  return { times, values: times.map((time) => found.get(time) ?? 0) };
}
