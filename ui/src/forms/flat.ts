import { isFields, type Value } from "../lib/pointer";
import { chosen, fits } from "./check";
import { alternatives, discriminator, hasNull, inlined, type Root, type Schema, typesOf } from "./schema";

/** What a schema makes of a value now: conditions are decided, parts are merged. */
export interface Flat {
  types: string[];
  isNullable: boolean;
  /** Nothing is allowed here, as the value around it is. */
  isForbidden: boolean;
  schema: Schema;
  properties: Record<string, Schema>;
  required: ReadonlySet<string>;
  /** The forms that it may have, and which of them it has; -1: that is open. */
  choice: { forms: Schema[]; index: number; by: string | undefined } | null;
}

/** What a schema makes of a value. */
export function flat(root: Root, schema: Schema, value: Value): Flat {
  const made: Flat = {
    types: [],
    isNullable: false,
    isForbidden: false,
    schema: {},
    properties: {},
    required: new Set(),
    choice: null,
  };
  merge(root, made, schema, value);
  return made;
}

function merge(root: Root, into: Flat, given: Schema, value: Value): void {
  const schema = inlined(root, given);
  const { properties, required, allOf, anyOf: _, oneOf: __, if: condition, then, else: otherwise, ...plain } = schema;
  into.schema = { ...into.schema, ...plain };
  into.isNullable ||= hasNull(schema);
  if (schema.not !== undefined && schema.not !== false && Object.keys(schema.not).length === 0) into.isForbidden = true;
  const types = typesOf(schema).filter((type) => type !== "null");
  if (types.length) into.types = types;
  for (const [name, one] of Object.entries(properties ?? {})) {
    const before = into.properties[name];
    into.properties[name] = before ? { allOf: [before, one] } : one;
  }
  into.required = new Set([...into.required, ...(required ?? []), ...dependent(schema, value)]);
  for (const one of allOf ?? []) merge(root, into, one, value);
  const rule = condition && (fits(root, value, condition) ? then : otherwise);
  if (rule) merge(root, into, rule, value);
  mergeChoice(root, into, schema, value);
}

function dependent(schema: Schema, value: Value): string[] {
  if (!isFields(value)) return [];
  return Object.entries(schema.dependentRequired ?? {}).flatMap(([name, names]) =>
    Object.hasOwn(value, name) ? names : [],
  );
}

function mergeChoice(root: Root, into: Flat, schema: Schema, value: Value): void {
  const forms = alternatives(schema);
  if (!forms) return;
  if (forms.length === 1 && forms[0]) {
    // Null, or that: no choice between forms.
    const { description } = schema;
    merge(root, into, forms[0], value);
    if (description) into.schema = { ...into.schema, description };
    return;
  }
  const by = discriminator(root, forms);
  const index = chosen(root, forms, value);
  const form = forms[index];
  const before = into.schema;
  if (form) merge(root, into, form, value);
  into.schema = { ...into.schema, ...(before.title ? { title: before.title } : {}) };
  if (before.description) into.schema.description = before.description;
  into.choice = { forms, index, by };
}
