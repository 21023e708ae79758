import { expect, test } from "vitest";
import { lineDiff } from "./diff";

test("a text becomes another in as few lines as can be", () => {
  const signs = (before: string, after: string) => lineDiff(before, after).map((line) => line.sign + line.text);
  expect(signs("a\nb\nc", "a\nx\nc\nd")).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(signs("a", "a")).toEqual([" a"]);
  expect(signs("", "b")).toEqual(["-", "+b"]);
});
