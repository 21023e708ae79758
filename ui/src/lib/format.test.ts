import { expect, test } from "vitest";
import { ago, bytes, duration, mib, plural } from "./format";

test.each([
  [0, "0 B"],
  [17, "17 B"],
  [1536, "1.5 KiB"],
  [130_000, "127 KiB"],
  [5 * 1024 ** 3, "5.0 GiB"],
  [2 ** 60, "1024 PiB"],
])("%d bytes are %s", (count, said) => {
  expect(bytes(count)).toBe(said);
});

test("amounts of the API in MiB have their unit", () => {
  expect(mib(16)).toBe("16 MiB");
});

test.each([
  [-5, "0 ms"],
  [83, "83 ms"],
  [1500, "1.5 s"],
  [42_000, "42 s"],
  [90_000, "1 min 30 s"],
  [3_600_000, "1 h"],
  [93_600_000, "1 d 2 h"],
])("%d ms are %s", (ms, said) => {
  expect(duration(ms)).toBe(said);
});

test("how long ago is said in whole seconds", () => {
  expect(ago(1000)).toBe("just now");
  expect(ago(7400)).toBe("7 s ago");
  expect(ago(120_000)).toBe("2 min ago");
});

test("one is not many", () => {
  expect([plural(1, "job"), plural(1200, "job")]).toEqual(["1 job", "1,200 jobs"]);
});
