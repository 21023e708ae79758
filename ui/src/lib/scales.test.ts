import { expect, test } from "vitest";
import { hourly, nice, stack } from "./scales";

test.each([0, 1, 3, 4, 7, 19, 100, 1234, 98_765])("an axis for up to %d has few, whole and even marks", (most) => {
  const axis = nice(most);
  expect(axis.top).toBeGreaterThanOrEqual(most);
  expect(axis.ticks.length).toBeLessThanOrEqual(6);
  expect(axis.ticks.every(Number.isInteger)).toBe(true);
  expect(axis.ticks.at(-1)).toBe(axis.top);
});

test("layers lie on one another", () => {
  expect(
    stack([
      [1, 2],
      [3, 0],
      [0, 5],
    ]),
  ).toEqual([
    [1, 2],
    [4, 2],
    [4, 7],
  ]);
});

test("files are counted in the hour in which they came, hours without any too", () => {
  const slots = [
    { time: "2026-01-01T10:00:00Z", files: 3 },
    { time: "2026-01-01T10:00:00Z", files: 2 },
    { time: "2026-01-01T12:00:00Z", files: 7 },
    { time: "2025-12-31T10:00:00Z", files: 9 },
  ];
  expect(hourly(slots, Date.parse("2026-01-01T12:34:00Z"), 3).values).toEqual([5, 0, 7]);
});
