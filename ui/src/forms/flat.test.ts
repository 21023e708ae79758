import { expect, test } from "vitest";
import { flat } from "./flat";
import { initial, switched } from "./initial";
import type { Root, Schema } from "./schema";

const BROKERS: Root = {
  oneOf: [
    {
      title: "host",
      type: "object",
      properties: { type: { const: "host" }, host_path: { type: "string", minLength: 1 } },
      required: ["type", "host_path"],
    },
    {
      title: "nfs",
      type: "object",
      properties: { type: { const: "nfs" }, mount: { type: "string" }, host_path: { not: {} } },
      required: ["type"],
    },
  ],
};

const WATCHED: Root = {
  type: "object",
  properties: {
    version: { type: "string", const: "1.0", default: "1.0" },
    mount: { type: "string", description: "A directory." },
    monitor: { $ref: "#/$defs/Monitor", description: "A bucket." },
    files: { type: "array", items: { type: "object", properties: { name: { type: "string" } } }, minItems: 1 },
    note: { type: ["string", "null"], default: null },
  },
  required: ["files"],
  if: { required: ["monitor"] },
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
  then: { properties: { mount: { not: {} } } },
  else: { required: ["mount"] },
  $defs: { Monitor: { type: "object", title: "Monitor", properties: { prefix: { type: "string" } } } },
};

test("conditions are decided by the value that there is", () => {
  const directory = flat(WATCHED, WATCHED, { mount: "/in" });
  expect([...directory.required]).toEqual(["files", "mount"]);
  const bucket = flat(WATCHED, WATCHED, { monitor: {} });
  expect([...bucket.required]).toEqual(["files"]);
  expect(flat(WATCHED, bucket.properties["mount"] as Schema, undefined).isForbidden).toBe(true);
});

test("a reference has the words beside it", () => {
  expect(flat(WATCHED, WATCHED.properties?.["monitor"] as Schema, undefined).schema).toMatchObject({
    title: "Monitor",
    description: "A bucket.",
  });
});

test("a document begins with what is needed and can only be one thing, and leaves defaults to the API", () => {
  expect(initial(WATCHED)).toEqual({ version: "1.0", files: [{}] });
  expect(initial(BROKERS)).toBeUndefined();
});

test("one form of several is known by a field, and what both know stays when it changes", () => {
  expect(flat(BROKERS, BROKERS, undefined).choice?.index).toBe(-1);
  const made = flat(BROKERS, BROKERS, { type: "nfs", mount: 5 });
  expect(made.choice).toMatchObject({ by: "type", index: 1 });
  const [host, nfs] = BROKERS.oneOf as [Schema, Schema];
  expect(switched(BROKERS, { type: "nfs", mount: "a:/b", host_path: "/c" }, host, "type")).toEqual({
    type: "host",
    host_path: "/c",
  });
  expect(switched(BROKERS, { type: "host", host_path: "/c" }, nfs, "type")).toEqual({ type: "nfs" });
});

test("null beside one form is no choice", () => {
  const nullable: Root = { anyOf: [{ type: "object", properties: { a: { type: "string" } } }, { type: "null" }] };
  expect(flat(nullable, nullable, null)).toMatchObject({ choice: null, isNullable: true, types: ["object"] });
});
