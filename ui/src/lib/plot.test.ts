import { expect, test } from "vitest";
import type { MetricPlotData } from "../api/schema";
import { axisOf, byUnits, csv, plotted } from "./plot";

const column = (name: string, units: string) =>
  ({ name, title: name.toUpperCase(), description: "", units, group: "g", aggregate: "sum" }) as const;

const SEVERAL: MetricPlotData = {
  column: column("done", "count"),
  min_x: "2026-02-27",
  max_x: "2026-03-02",
  min_y: 1,
  max_y: 9,
  values: [
    { id: 4, date: "2026-02-27", value: 1 },
    { id: 5, date: "2026-02-27", value: 9 },
    { id: 4, date: "2026-03-02", value: 3 },
  ],
};
const NOTHING: MetricPlotData = {
  column: column("size", "bytes"),
  min_x: null,
  max_x: null,
  min_y: null,
  max_y: null,
  values: [],
};

test("each choice is a line of its own, over days without gaps", () => {
  const found = plotted([SEVERAL, NOTHING], new Map([[4, 'a "job", type']]));
  expect(found.days).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
  expect(found.lines).toEqual([
    { name: 'DONE, a "job", type', units: "count", values: [1, null, null, 3] },
    { name: "DONE, no. 5", units: "count", values: [9, null, null, null] },
  ]);
});

test("a table has a column for each line, and quotes what would not be read otherwise", () => {
  const found = plotted([SEVERAL], new Map([[4, 'a "job", type']]));
  expect(csv(found).split("\r\n")).toEqual([
    'date,"DONE, a ""job"", type (count)","DONE, no. 5 (count)"',
    "2026-02-27,1,9",
    "2026-02-28,,",
    "2026-03-01,,",
    "2026-03-02,3,",
    "",
  ]);
});

test("lines of other units have another axis", () => {
  const line = (units: string) => ({ name: units, units, values: [] });
  expect(byUnits([line("count"), line("bytes"), line("count")]).map(([units, lines]) => [units, lines.length])).toEqual(
    [
      ["count", 2],
      ["bytes", 1],
    ],
  );
});

test.each([
  ["count", 7, ["0", "2", "4", "6", "8"]],
  ["bytes", 3 * 1024 ** 3, ["0 GiB", "1 GiB", "2 GiB", "3 GiB"]],
  ["seconds", 200, ["0 min", "1 min", "2 min", "3 min", "4 min"]],
  ["seconds", 0, ["0 s", "1 s"]],
  ["parsecs", 0, ["0", "1"]],
])("an axis of %s up to %d is marked in units that fit", (units, most, labels) => {
  const axis = axisOf(units, most);
  expect(axis.ticks.map((tick) => tick.label)).toEqual(labels);
  expect(axis.top).toBeGreaterThanOrEqual(most);
});
