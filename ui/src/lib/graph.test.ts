import { expect, test } from "vitest";
import { layers } from "./graph";

const columns = (knots: Parameters<typeof layers>[0]) =>
  Object.fromEntries(layers(knots).map((spot) => [spot.name, spot.column]));

test("each knot is right of all that it comes after", () => {
  const knots = [
    { name: "publish", after: ["tile", "detect"] },
    { name: "fetch", after: [] },
    { name: "tile", after: ["fetch"] },
    { name: "detect", after: ["tile"] },
  ];
  expect(columns(knots)).toEqual({ fetch: 0, tile: 1, detect: 2, publish: 3 });
});

test("no two knots are at the same spot, and rows begin at 0", () => {
  const knots = ["a", "b", "c", "d"].map((name) => ({ name, after: name === "a" ? [] : ["a"] }));
  const spots = layers(knots);
  expect(new Set(spots.map((spot) => `${spot.column} ${spot.row}`)).size).toBe(4);
  expect(spots.filter((spot) => spot.column === 1).map((spot) => spot.row)).toEqual([0, 1, 2]);
});

test("knots stand beside those that they come after", () => {
  const knots = [
    { name: "top", after: [] },
    { name: "bottom", after: [] },
    { name: "of bottom", after: ["bottom"] },
    { name: "of top", after: ["top"] },
  ];
  const rows = Object.fromEntries(layers(knots).map((spot) => [spot.name, spot.row]));
  expect([rows["of top"], rows["of bottom"]]).toEqual([0, 1]);
});

test("unknown names and circles do no harm", () => {
  expect(layers([])).toEqual([]);
  expect(columns([{ name: "a", after: ["nobody"] }])).toEqual({ a: 0 });
  const circle = layers([
    { name: "a", after: ["b"] },
    { name: "b", after: ["a"] },
  ]);
  expect(circle.map((spot) => spot.name).sort()).toEqual(["a", "b"]);
});
