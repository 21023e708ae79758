import { type Fields, isFields, type Value } from "../lib/pointer";
import { fits } from "./check";
import { flat } from "./flat";
import { inlined, type Root, type Schema } from "./schema";

/**
 * What a form begins with: what is needed and can only be one thing, the version that a document follows, and parts that
 * are needed. What has a default is left out, for the API fills that in, and says so.
 */
export function initial(root: Root, schema: Schema = root): Value {
  const made = flat(root, schema, undefined);
  if (made.schema.const !== undefined) return made.schema.const;
  const [type] = made.types;
  if (type === "object") return fieldsOf(root, made.properties, made.required);
  if (type === "array") return made.schema.minItems ? [initial(root, itemOf(made.schema))] : [];
  return type === "string" && fits(root, "", schema) && !made.schema.enum ? "" : undefined;
}

function fieldsOf(root: Root, properties: Record<string, Schema>, required: ReadonlySet<string>): Fields {
  const made: Fields = {};
  for (const [name, schema] of Object.entries(properties)) {
    const isVersion = name === "version" && inlined(root, schema).const !== undefined;
    if (!required.has(name) && !isVersion) continue;
    const value = initial(root, schema);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

/** The schema of the items of a list. */
export const itemOf = (schema: Schema): Schema => (typeof schema.items === "object" ? schema.items : {});

/** What becomes of a value when another form is chosen: what both forms know stays. */
export function switched(root: Root, value: Value, form: Schema, by: string | undefined): Value {
  const begun = initial(root, form);
  if (!isFields(begun)) return begun;
  const properties = flat(root, form, begun).properties;
  const kept = Object.entries(isFields(value) ? value : {}).filter(
    ([name, one]) => name !== by && properties[name] && fits(root, one, properties[name]),
  );
  const told = by && inlined(root, form).properties?.[by]?.const;
  return { ...(by ? { [by]: told } : {}), ...begun, ...Object.fromEntries(kept) };
}
