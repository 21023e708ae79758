import { expect, test } from "vitest";
import { shared } from "./sharing";

test("an answer that says the same is the old one", () => {
  const old = {
    count: 2,
    results: [
      { id: 1, tags: ["a"] },
      { id: 2, tags: [] },
    ],
  };
  expect(shared(old, structuredClone(old))).toBe(old);
});

test("rows that have not changed are the old ones, wherever they are now", () => {
  const old = {
    results: [
      { id: 1, status: "RUNNING" },
      { id: 2, status: "QUEUED" },
    ],
  };
  const next = {
    results: [
      { id: 3, status: "QUEUED" },
      { id: 1, status: "COMPLETED" },
      { id: 2, status: "QUEUED" },
    ],
  };
  const found = shared(old, structuredClone(next));
  expect(found).toEqual(next);
  expect(found.results[2]).toBe(old.results[1]);
  expect(found.results[1]).not.toBe(old.results[0]);
});

test("what is shorter, missing or of another kind is not taken for the same", () => {
  expect(shared([1, 2], [1])).toEqual([1]);
  expect(shared({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  expect(shared({ a: undefined }, { b: undefined })).toEqual({ b: undefined });
  expect(shared([], {})).toEqual({});
  expect(shared(undefined, null)).toBeNull();
});

test("errors are taken as they are", () => {
  const next = { error: new Error("later") };
  expect(shared({ error: new Error("before") }, next).error).toBe(next.error);
});
