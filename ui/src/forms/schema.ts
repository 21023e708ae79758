import { isFields, type Value } from "../lib/pointer";

/** A JSON Schema, as far as specifications and plugins use its words. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: Value[];
  const?: Value;
  default?: Value;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  items?: Schema | boolean;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  propertyNames?: Schema;
  minProperties?: number;
  maxProperties?: number;
  dependentRequired?: Record<string, string[]>;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema | boolean;
  if?: Schema;
  then?: Schema;
  else?: Schema;
  deprecated?: boolean;
  readOnly?: boolean;
  "x-scale-names"?: string;
}

/** A schema in one piece, with the definitions that it refers to. */
export type Root = Schema;

/**
 * What a reference leads to.
 *
 * @throws Error it leads nowhere: the schema is broken.
 */
export function resolved(root: Root, reference: string): Schema {
  if (reference === "#") return root;
  const name = reference.replace(/^#\/\$defs\//, "");
  const found = root.$defs?.[name];
  if (!found) throw new Error(`${reference} leads nowhere.`);
  return found;
}

export const typesOf = (schema: Schema): string[] =>
  schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];

/** What JSON Schema calls the type of a value. */
export function typeOf(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return isFields(value) ? "object" : typeof value;
}

export const isOfType = (value: Value, type: string): boolean =>
  typeOf(value) === type || (type === "number" && typeOf(value) === "integer");

const isNull = (schema: Schema) => schema.type === "null";
const needsOnly = (schema: Schema) => Object.keys(schema).every((word) => word === "required");

/** The forms that a value may have, where a schema leaves the choice; null: it does not. */
export function alternatives(schema: Schema): Schema[] | null {
  const given = schema.oneOf ?? schema.anyOf;
  // Which fields are needed together is no choice of form.
  return !given || given.every(needsOnly) ? null : given.filter((one) => !isNull(one));
}

/** Whether a choice has null in it. */
export const hasNull = (schema: Schema): boolean =>
  typesOf(schema).includes("null") || (schema.oneOf ?? schema.anyOf ?? []).some(isNull);

/** The field whose value tells the alternatives apart; undefined: there is none. */
export function discriminator(root: Root, choice: Schema[]): string | undefined {
  const [first, ...others] = choice.map((one) => inlined(root, one).properties ?? {});
  return Object.keys(first ?? {}).find((name) =>
    [first, ...others].every((properties) => properties?.[name]?.const !== undefined),
  );
}

/** A schema with what it refers to written out; words beside the reference count. */
export function inlined(root: Root, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  return { ...inlined(root, resolved(root, $ref)), ...beside };
}
