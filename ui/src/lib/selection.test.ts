import { expect, test } from "vitest";
import { selection } from "./selection";

test("what is ticked counts, and nothing else", () => {
  expect(selection({ status: "FAILED" }, new Set([5, 3]))).toEqual({ job_ids: [3, 5] });
});

test("without ticks a change reaches what the filters show", () => {
  const filters = { status: "FAILED", started: "PT6H", job_type_name: ["count"], job_type_category: ["x"] } as const;
  expect(selection({ ...filters, job_type_name: ["count"], job_type_category: ["x"] }, new Set())).toEqual({
    status: "FAILED",
    started: "PT6H",
    job_type_names: ["count"],
    job_type_categories: ["x"],
  });
});
