import type { MetricPlotData } from "../api/schema";
import { nice } from "./scales";

/** One line of a plot: a number for each day, null where there is none. */
export interface PlotLine {
  name: string;
  units: string;
  values: (number | null)[];
}

/** Lines over the same days. */
export interface Plotted {
  days: string[];
  lines: PlotLine[];
}

const DAY_MS = 86_400_000;

/**
 * What the API says of columns as lines over days without gaps: a line for each column, or for each choice of it where
 * its values are told apart.
 *
 * @param titles what choices are called, by id.
 */
export function plotted(results: readonly MetricPlotData[], titles: ReadonlyMap<number, string>): Plotted {
  const days = daysBetween(ends(results, "min_x").sort()[0], ends(results, "max_x").sort().at(-1));
  const places = new Map(days.map((day, index) => [day, index]));
  const lines = new Map<string, PlotLine>();
  for (const { column, values } of results) {
    const name = (id: number | undefined) =>
      id === undefined ? column.title : `${column.title}, ${titles.get(id) ?? `no. ${id}`}`;
    for (const { id, date, value } of values) {
      const key = `${column.name} ${id ?? ""}`;
      const line = lines.get(key) ?? { name: name(id), units: column.units, values: days.map(() => null) };
      line.values[places.get(date) as number] = value;
      lines.set(key, line);
    }
  }
  return { days, lines: [...lines.values()] };
}

function ends(results: readonly MetricPlotData[], which: "min_x" | "max_x"): string[] {
  return results.map((one) => one[which]).filter((day) => day !== null);
}

function daysBetween(first: string | undefined, last: string | undefined): string[] {
  if (!first || !last) return [];
  const many = Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1;
  return Array.from({ length: many }, (_, index) =>
    new Date(Date.parse(first) + index * DAY_MS).toISOString().slice(0, 10),
  );
}

/** The lines by their units, which have an axis each. */
export function byUnits(lines: readonly PlotLine[]): [string, PlotLine[]][] {
  const found = new Map<string, PlotLine[]>();
  for (const line of lines) found.set(line.units, [...(found.get(line.units) ?? []), line]);
  return [...found];
}

/** What amounts of some units are counted in, from small to large. */
const STEPS: Record<string, [number, string][]> = {
  bytes: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].map((name, index) => [1024 ** index, name]),
  seconds: [
    [1, "s"],
    [60, "min"],
    [3600, "h"],
    [86400, "d"],
  ],
};

/** Marks of an axis from 0 to at least `most`, with words that fit its units. */
export function axisOf(units: string, most: number): { top: number; ticks: { value: number; label: string }[] } {
  const [size, name] = (STEPS[units] ?? [[1, ""] as const]).findLast(([step]) => most >= 2 * step) ?? [
    1,
    STEPS[units]?.[0]?.[1] ?? "",
  ];
  const { top, ticks } = nice(Math.max(1, most / size));
  return {
    top: top * size,
    ticks: ticks.map((tick) => ({ value: tick * size, label: `${tick.toLocaleString("en-US")} ${name}`.trim() })),
  };
}

/** The same numbers as a table that spreadsheets read (RFC 4180). */
export function csv({ days, lines }: Plotted): string {
  const rows = [
    ["date", ...lines.map((line) => `${line.name} (${line.units})`)],
    ...days.map((day, index) => [day, ...lines.map((line) => String(line.values[index] ?? ""))]),
  ];
  return rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
