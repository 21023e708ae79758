import { type Definition, type Interfaces, keyOf, type Place } from "./definition";
import { layers } from "./graph";

export interface Point {
  x: number;
  y: number;
}

export interface Port {
  name: string;
  type: string;
  isRequired: boolean;
}

/** A box of the drawing: the inputs of the recipe (`job` null), or a job. */
export interface Node {
  job: string | null;
  title: string;
  subtitle: string;
  inputs: Port[];
  outputs: Port[];
  at: Point;
  height: number;
}

export const BOX = { width: 214, head: 42, row: 20, foot: 8 };
const GAP = { x: 64, y: 18 };
const EDGE = 10;

/** Where everything of a recipe is drawn: its inputs at the left, each job right of what it comes after. */
export function layout(
  definition: Definition,
  interfaces: Interfaces,
): { nodes: Node[]; width: number; height: number } {
  const inputs: Node = {
    job: null,
    title: "Recipe inputs",
    subtitle: "",
    inputs: [],
    outputs: (definition.input_data ?? []).map(({ name, type, required }) => port(name, type, required)),
    at: { x: EDGE, y: EDGE },
    height: 0,
  };
  const jobs = definition.jobs.map((job) => nodeOf(job, definition, interfaces));
  const nodes = [inputs, ...jobs];
  for (const node of nodes) {
    node.height = BOX.head + Math.max(node.inputs.length, node.outputs.length) * BOX.row + BOX.foot;
  }
  const spots = layers(
    definition.jobs.map((job) => ({ name: job.name, after: (job.dependencies ?? []).map((one) => one.name) })),
  );
  const tops = new Map<number, number>();
  for (const { name, column } of spots) {
    const node = jobs.find((one) => one.job === name) as Node;
    const top = tops.get(column) ?? EDGE;
    node.at = { x: EDGE + (column + 1) * (BOX.width + GAP.x), y: top };
    tops.set(column, top + node.height + GAP.y);
  }
  return {
    nodes,
    width: Math.max(...nodes.map((node) => node.at.x)) + BOX.width + EDGE,
    height: Math.max(...nodes.map((node) => node.at.y + node.height)) + EDGE,
  };
}

const port = (name: string, type: string, required?: boolean): Port => ({ name, type, isRequired: required !== false });

/** A job with the ports of its interface, and those that something is connected to all the same. */
function nodeOf(job: Place, definition: Definition, interfaces: Interfaces): Node {
  const known = interfaces.get(keyOf(job.job_type));
  const inputs = (known?.input_data ?? []).map((one) => port(one.name, one.type, one.required));
  const outputs = (known?.output_data ?? []).map((one) => port(one.name, one.type, one.required));
  const used = [
    ...(job.recipe_inputs ?? []).map((one) => one.job_input),
    ...(job.dependencies ?? []).flatMap((one) => (one.connections ?? []).map((each) => each.input)),
  ];
  const taken = definition.jobs.flatMap((one) =>
    (one.dependencies ?? [])
      .filter((each) => each.name === job.name)
      .flatMap((each) => (each.connections ?? []).map((connection) => connection.output)),
  );
  return {
    job: job.name,
    title: job.name,
    subtitle: keyOf(job.job_type),
    inputs: withNames(inputs, used),
    outputs: withNames(outputs, taken),
    at: { x: 0, y: 0 },
    height: 0,
  };
}

function withNames(ports: Port[], names: readonly string[]): Port[] {
  const missing = [...new Set(names)].filter((name) => !ports.some((one) => one.name === name));
  return [...ports, ...missing.map((name) => port(name, "?"))];
}

/** Where a port is; its head, where there is no such port. */
export function portAt(node: Node, side: "in" | "out", name: string | undefined): Point {
  const row = (side === "in" ? node.inputs : node.outputs).findIndex((one) => one.name === name);
  const x = node.at.x + (side === "in" ? 0 : BOX.width);
  return { x, y: node.at.y + (row < 0 ? BOX.head / 2 : BOX.head + (row + 0.5) * BOX.row) };
}
