import { expect, test } from "vitest";
import { appended, pieces } from "./log";

test("a log that becomes too long loses its first lines, as a whole", () => {
  expect(appended("one\ntwo\n", "three\n", 100)).toBe("one\ntwo\nthree\n");
  expect(appended("one\ntwo\n", "three\n", 8)).toBe("three\n");
  expect(appended("", "no line ends here", 4)).toBe("here");
});

test("everything that is looked for is found, whatever its case, and nothing is lost", () => {
  const found = pieces("Error: no error", "error");
  expect(found).toEqual([
    { text: "Error", isHit: true },
    { text: ": no ", isHit: false },
    { text: "error", isHit: true },
  ]);
  expect(pieces("aaa", "aa").map((piece) => piece.text)).toEqual(["aa", "a"]);
  expect(pieces("text", "")).toEqual([{ text: "text", isHit: false }]);
});
