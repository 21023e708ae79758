import { keysOf } from "../lib/pointer";
import type { Schema } from "./schema";

const WHOLE: Record<string, string> = {
  json_config: "Configuration",
  base_url: "Base URL",
  filename_regex: "Expression for file names",
  cpus_required: "CPUs",
  mem_required: "Memory",
  disk_out_const_required: "Disk for output",
  disk_out_mult_required: "Disk for output, per size of input",
  is_active: "Active",
  is_paused: "Paused",
  is_operational: "Operational",
  is_long_running: "Long-running",
};

const PARTS: Record<string, string> = {
  url: "URL",
  id: "id",
  nfs: "NFS",
  sqs: "SQS",
  kms: "KMS",
  cpus: "CPUs",
  mem: "memory",
};

/** What a field is called for people. */
export function labelOf(name: string, schema: Schema = {}): string {
  if (schema.title) return schema.title;
  const whole = WHOLE[name];
  if (whole) return whole;
  const text = name
    .split("_")
    .map((part) => PARTS[part] ?? part)
    .join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A place in words: "Configuration, Files to ingest 1, Data types". */
export function placeOf(pointer: string): string {
  const words: string[] = [];
  for (const key of keysOf(pointer)) {
    const last = words.length - 1;
    if (/^\d+$/.test(key) && last >= 0) words[last] += ` ${Number(key) + 1}`;
    else words.push(labelOf(key));
  }
  return words.join(", ") || "All of it";
}

/** What one entry of a list is called: that of `files_to_ingest` is a rule, for its description says so. */
export function entryOf(schema: Schema, label: string): string {
  const said = schema.description?.match(/^(?:One|A|An) ([a-z ]{3,24})\.?$/)?.[1];
  return said ?? label.toLowerCase().replace(/ies$/, "y").replace(/s$/, "");
}

const UNITS: [RegExp, string][] = [
  [/\bMiB\b/, "MiB"],
  [/\bseconds\b/, "s"],
  [/\bbytes\b/, "bytes"],
  [/^CPUs\b/, "CPUs"],
  [/\bas a multiple of\b/, "×"],
];

/** The unit of a number, which its description names. */
export const unitOf = (description = ""): string | undefined => UNITS.find(([words]) => words.test(description))?.[1];

/** A value in a few words. */
export function shown(value: unknown): string {
  if (value === undefined) return "left out";
  if (value === "") return "empty";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null) return "none";
  return JSON.stringify(value);
}
