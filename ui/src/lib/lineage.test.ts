import { expect, test } from "vitest";
import type { FileLineage, LineageFile, LineageJob } from "../api/schema";
import { graphOfLineage } from "./lineage";

const file = (id: number, job?: number): LineageFile => ({
  id,
  file_type: job ? "PRODUCT" : "SOURCE",
  file_name: `${id}.tif`,
  media_type: "image/tiff",
  is_deleted: false,
  is_published: job ? true : null,
  job: job ? { id: job } : null,
});

const job = (id: number, inputs: number[], recipe?: number): LineageJob =>
  ({
    id,
    job_type: { id: 1, name: "copy", title: null },
    status: "COMPLETED",
    event: { id: 1, type: "INGEST", rule: { id: 9, type: "INGEST", name: "all", title: "All" } },
    input_file_ids: inputs,
    recipes: recipe ? [{ id: recipe, recipe_type: { id: 1, name: "chain", title: "Chain" } }] : [],
  }) as unknown as LineageJob;

const lineage = (files: LineageFile[], jobs: LineageJob[]): FileLineage => ({
  file_id: 1,
  files,
  jobs,
  ingests: [
    { id: 3, status: "INGESTED", strike: { id: 1, name: "in", job: { id: 1 } }, scan: null, source_file_id: 1 },
  ],
  is_complete: true,
});

const after = (of: FileLineage) => Object.fromEntries(graphOfLineage(of).map((box) => [box.name, box.after]));

test("from the ingest by way of rule, recipe and jobs to the products, each behind what it came of", () => {
  const found = lineage([file(1), file(2, 5), file(4, 6)], [job(5, [1], 7), job(6, [2], 7)]);
  expect(after(found)).toEqual({
    "ingest 3": [],
    "file 1": ["ingest 3"],
    "file 2": ["job 5"],
    "file 4": ["job 6"],
    "rule 9 of recipe 7": ["file 1"],
    "recipe 7": ["rule 9 of recipe 7"],
    "job 5": ["recipe 7"],
    "job 6": ["file 2"],
  });
});

test("a job without a recipe is behind its rule, and one that was given a product of another start too", () => {
  const found = lineage([file(1), file(2, 5)], [job(5, [1]), job(6, [2])]);
  expect(after(found)).toMatchObject({
    "job 5": ["rule 9 of job 5"],
    "rule 9 of job 6": ["file 2"],
    "job 6": ["rule 9 of job 6"],
  });
});

test("a job that was given something from outside its recipe, too, is behind both", () => {
  const found = lineage([file(1), file(2, 5)], [job(5, [1], 7), job(6, [1, 2], 7)]);
  expect(after(found)["job 6"]).toEqual(["file 2", "recipe 7"]);
});

test("the file that is asked for stands out, and what is no longer published says so", () => {
  const old = { ...file(2, 5), is_published: false };
  const boxes = graphOfLineage(lineage([file(1), old], [job(5, [1])]));
  expect(boxes.filter((box) => box.isCurrent).map((box) => box.name)).toEqual(["file 1"]);
  expect(boxes.find((box) => box.name === "file 2")?.subtitle).toBe("product, superseded");
});
