import { expect, test } from "vitest";
import {
  changedInput,
  connected,
  type Definition,
  depending,
  fates,
  type Interfaces,
  renamedJob,
  sourceOf,
  sourcesFor,
  withInput,
  withJob,
  withoutInput,
  withoutJob,
} from "./definition";

const COPY = { name: "copy", version: "1" };
const INTERFACES: Interfaces = new Map([
  [
    "copy 1",
    {
      input_data: [
        { name: "in", type: "file", media_types: ["text/plain"] },
        { name: "maybe", type: "files", required: false },
      ],
      output_data: [
        { name: "text", type: "file", media_type: "text/plain" },
        { name: "image", type: "file", media_type: "image/png" },
        { name: "rare", type: "file", required: false },
      ],
    },
  ],
]);
const TWO: Definition = withInput(withJob(withJob({ jobs: [] }, { ...COPY, title: "Copy" } as typeof COPY), COPY), {
  name: "given",
});
const CHAIN = connected(
  connected(TWO, { job: "copy", input: "in" }, { job: null, name: "given" }),
  { job: "copy-2", input: "in" },
  { job: "copy", name: "text" },
);

test("jobs and inputs get names of their own", () => {
  expect(TWO.jobs.map((job) => job.name)).toEqual(["copy", "copy-2"]);
  expect(withInput(TWO, { name: "given" }).input_data?.map((input) => input.name)).toEqual(["given", "given-2"]);
});

test("an input is connected once, and what was depended on for it alone is left", () => {
  expect(CHAIN.jobs[1]).toEqual({
    name: "copy-2",
    job_type: COPY,
    dependencies: [{ name: "copy", connections: [{ output: "text", input: "in" }] }],
  });
  const moved = connected(CHAIN, { job: "copy-2", input: "in" }, { job: null, name: "given" });
  expect(moved.jobs[1]).toEqual({
    name: "copy-2",
    job_type: COPY,
    recipe_inputs: [{ recipe_input: "given", job_input: "in" }],
  });
  expect(connected(CHAIN, { job: "copy-2", input: "in" }, undefined).jobs[1]).toEqual({
    name: "copy-2",
    job_type: COPY,
  });
  expect(sourceOf(CHAIN.jobs[1] as Definition["jobs"][number], "in")).toEqual({ job: "copy", name: "text" });
});

test("only what has the type and may have the media type is offered, and no circle", () => {
  const named = (job: string, input: string) =>
    sourcesFor(CHAIN, INTERFACES, { job, input }).map((one) => `${one.job ?? ""}.${one.name}`);
  expect(named("copy-2", "in")).toEqual([".given", "copy.text"]);
  expect(named("copy-2", "maybe")).toEqual([".given", "copy.text", "copy.image", "copy.rare"]);
  expect(named("copy", "in")).toEqual([".given"]);
});

test("another name is another name wherever it stands", () => {
  const renamed = renamedJob(CHAIN, "copy", "first");
  expect(renamed.jobs.map((job) => job.name)).toEqual(["first", "copy-2"]);
  expect(renamed.jobs[1]?.dependencies?.[0]?.name).toBe("first");
  const given = changedInput(CHAIN, "given", { name: "file", type: "file" });
  expect(given.jobs[0]?.recipe_inputs).toEqual([{ recipe_input: "file", job_input: "in" }]);
});

test("what goes takes its connections along", () => {
  expect(withoutJob(CHAIN, "copy").jobs).toEqual([{ name: "copy-2", job_type: COPY }]);
  expect(withoutInput(CHAIN, "given").jobs[0]).toEqual({ name: "copy", job_type: COPY });
});

test("a job may wait for another one that passes it nothing", () => {
  const waiting = depending(TWO, "copy-2", "copy", true);
  expect(waiting.jobs[1]?.dependencies).toEqual([{ name: "copy" }]);
  expect(depending(waiting, "copy-2", "copy", false)).toEqual(TWO);
});

test("it is told what has become of each job", () => {
  const young = renamedJob(CHAIN, "copy-2", "last");
  expect(fates(CHAIN.jobs, young.jobs).map(({ of, fate }) => [of.name, fate])).toEqual([
    ["copy", "same"],
    ["last", "added"],
    ["copy-2", "removed"],
  ]);
  const waiting = depending(CHAIN, "copy", "x", true);
  expect(fates(CHAIN.jobs, waiting.jobs)[0]?.fate).toBe("changed");
});
