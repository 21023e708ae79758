import { expect, test } from "vitest";
import { byName, byPlace, changes } from "./changes";

const BEFORE = { title: "A", jobs: [{ name: "one", cpus: 1 }, { name: "gone" }], tags: ["x"] };

test("what differs is told by its place, things of a list by their names", () => {
  const after = { title: "A", jobs: [{ name: "new" }, { name: "one", cpus: 2 }], tags: ["x", "y"] };
  expect(changes(BEFORE, after, byName)).toEqual([
    { pointer: "/jobs/one/cpus", was: 1, is: 2 },
    { pointer: "/jobs/gone", was: { name: "gone" }, is: undefined },
    { pointer: "/jobs/new", was: undefined, is: { name: "new" } },
    { pointer: "/tags", was: ["x"], is: ["x", "y"] },
  ]);
});

test("who edits a list gives a thing another name, and does not take it out", () => {
  const after = { ...BEFORE, jobs: [{ name: "first", cpus: 1 }, { name: "gone" }] };
  expect(changes(BEFORE, after, byPlace)).toEqual([{ pointer: "/jobs/0/name", was: "one", is: "first" }]);
  const fewer = { ...BEFORE, jobs: [] };
  expect(changes(BEFORE, fewer, byPlace)).toEqual([{ pointer: "/jobs", was: BEFORE.jobs, is: [] }]);
});

test("nothing differs where both say the same, in whatever order the fields are", () => {
  for (const pairing of [byName, byPlace]) {
    expect(changes(BEFORE, structuredClone(BEFORE), pairing)).toEqual([]);
    expect(changes({ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }, pairing)).toEqual([]);
  }
});
