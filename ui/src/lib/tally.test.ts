import { expect, test } from "vitest";
import { failureRate, tally } from "./tally";

const counted = (status: "FAILED" | "COMPLETED" | "RUNNING", count: number) => ({
  status,
  count,
  most_recent: null,
  category: null,
});

test("failures of all categories are one number", () => {
  expect(tally([counted("FAILED", 2), counted("FAILED", 3), counted("RUNNING", 1)])).toMatchObject({
    FAILED: 5,
    RUNNING: 1,
    COMPLETED: 0,
  });
});

test("the failure rate is that of jobs that have ended", () => {
  expect(failureRate([counted("FAILED", 1), counted("COMPLETED", 3), counted("RUNNING", 9)])).toBe(0.25);
  expect(failureRate([counted("RUNNING", 9)])).toBeNull();
});
