import { isFields, type Value } from "../lib/pointer";
import { flat } from "./flat";
import { itemOf } from "./initial";
import type { Root, Schema } from "./schema";

/** What a schema takes of a value: an answer of the API without the fields that cannot be changed. */
export function trimmed(root: Root, value: Value, schema: Schema = root): Value {
  const made = flat(root, schema, value);
  if (Array.isArray(value)) return value.map((one) => trimmed(root, one, itemOf(made.schema)));
  if (!isFields(value)) return value;
  const isOpen = made.schema.additionalProperties !== false;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const part = made.properties[name];
      return part ? [[name, trimmed(root, one, part)]] : isOpen ? [[name, one]] : [];
    }),
  );
}

/** The schema of an edit in which what is there, and cannot be null, stays: to leave it out would change nothing. */
export function ofEdit(root: Root, base: Value): Root {
  const fields = isFields(base) ? base : {};
  const kept = Object.keys(root.properties ?? {}).filter(
    (name) => name in fields && !flat(root, root.properties?.[name] ?? {}, undefined).isNullable,
  );
  const { minProperties: _, ...rest } = root;
  return { ...rest, required: kept };
}
