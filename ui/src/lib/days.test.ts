import { expect, test } from "vitest";
import type { MetricPlotData } from "../api/schema";
import { daysOf, rateOf } from "./days";

const plot = (name: string, values: { date: string; value: number; id?: number }[]) =>
  ({ column: { name }, values }) as MetricPlotData;

test("days of one of several job types are told apart by its id", () => {
  const plots = [
    plot("failed_count", [
      { date: "2026-01-02", value: 1, id: 5 },
      { date: "2026-01-02", value: 9, id: 6 },
    ]),
    plot("completed_count", [
      { date: "2026-01-02", value: 2, id: 5 },
      { date: "2026-01-01", value: 1, id: 5 },
    ]),
  ];
  const days = daysOf(plots, 5);
  expect(days).toEqual([
    { date: "2026-01-01", completed: 1, failed: 0 },
    { date: "2026-01-02", completed: 2, failed: 1 },
  ]);
  expect(rateOf(days)).toBe(0.25);
});

test("values without an id are those of the only one, and without jobs there is no rate", () => {
  expect(daysOf([plot("failed_count", [{ date: "2026-01-02", value: 1 }])], 5)).toHaveLength(1);
  expect(rateOf([])).toBeNull();
});
