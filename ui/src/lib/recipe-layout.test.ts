import { expect, test } from "vitest";
import { BOX, layout, portAt } from "./recipe-layout";

const COPY = { name: "copy", version: "1" };
const DEFINITION = {
  input_data: [{ name: "given", type: "file" as const }],
  jobs: [
    { name: "first", job_type: COPY, recipe_inputs: [{ recipe_input: "given", job_input: "in" }] },
    { name: "beside", job_type: COPY },
    {
      name: "last",
      job_type: COPY,
      dependencies: [{ name: "first", connections: [{ output: "out", input: "in" }] }],
    },
  ],
};

test("inputs stand left of all jobs, each job right of what it comes after, and none on another", () => {
  const { nodes, width, height } = layout(DEFINITION, new Map());
  const [inputs, first, beside, last] = nodes;
  expect(inputs?.at.x).toBeLessThan(first?.at.x ?? 0);
  expect(first?.at.x).toBe(beside?.at.x);
  expect(last?.at.x).toBeGreaterThan((first?.at.x ?? 0) + BOX.width);
  expect(beside?.at.y).toBeGreaterThan((first?.at.y ?? 0) + (first?.height ?? 0));
  for (const node of nodes) {
    expect(node.at.x + BOX.width).toBeLessThanOrEqual(width);
    expect(node.at.y + node.height).toBeLessThanOrEqual(height);
  }
});

test("what is connected is drawn though nobody knows the interface, and ports have places of their own", () => {
  const { nodes } = layout(DEFINITION, new Map());
  const first = nodes[1] as (typeof nodes)[number];
  expect([first.inputs, first.outputs].map((ports) => ports.map((port) => port.name))).toEqual([["in"], ["out"]]);
  expect(portAt(first, "out", "out").x - portAt(first, "in", "in").x).toBe(BOX.width);
  expect(portAt(first, "in", undefined).y).toBe(first.at.y + BOX.head / 2);
});
