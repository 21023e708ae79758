import { expect, test } from "vitest";
import { type Answer, withData, withError } from "./answers";

const FOUND: Answer<number[], string> = { key: "a", data: [1], error: undefined };

test("an answer that says the same is the same", () => {
  expect(withData(FOUND, "a", [1])).toBe(FOUND);
  expect(withData(FOUND, "b", [1])).toEqual({ key: "b", data: [1], error: undefined });
});

test("an error is an answer: nothing for an earlier key is left to be shown", () => {
  expect(withError(FOUND, "b", "gone")).toEqual({ key: "b", data: undefined, error: "gone" });
});

test("what was found is kept while asking for it again fails, and the error goes with the next answer", () => {
  const failed = withError(FOUND, "a", "away");
  expect(failed).toEqual({ key: "a", data: [1], error: "away" });
  expect(withData(failed, "a", [1])).toEqual(FOUND);
});
