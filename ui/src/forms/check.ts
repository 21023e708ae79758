import type { Fault } from "../api/problem";
import { below, type Fields, isFields, isSame, type Value } from "../lib/pointer";
import { alternatives, discriminator, inlined, isOfType, type Root, resolved, type Schema, typeOf } from "./schema";

/**
 * What is wrong with a value, with the place of each fault: as the API says it, but for what only the API knows.
 *
 * It reads the schema, for a page may not compile code. Formats are left to the API: they are Python's.
 */
export function check(root: Root, value: Value, schema: Schema = root, pointer = ""): Fault[] {
  return [
    ...(schema.$ref === undefined ? [] : check(root, value, resolved(root, schema.$ref), pointer)),
    ...checkScalar(schema, value, pointer),
    ...checkList(root, schema, value, pointer),
    ...checkFields(root, schema, value, pointer),
    ...checkForms(root, schema, value, pointer),
  ];
}

export const fits = (root: Root, value: Value, schema: Schema): boolean => check(root, value, schema).length === 0;

const NAMES: Record<string, string> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

function checkScalar(schema: Schema, value: Value, pointer: string): Fault[] {
  const said = [typeFault(schema, value), textFault(schema, value), numberFault(schema, value)].find(Boolean);
  return said ? [{ pointer, detail: said }] : [];
}

function typeFault(schema: Schema, value: Value): string | undefined {
  if (schema.const !== undefined && !isSame(schema.const, value)) return `Should be ${show(schema.const)}.`;
  if (schema.enum && !schema.enum.some((one) => isSame(one, value))) {
    return `Should be one of ${schema.enum
      .filter((one) => one !== null)
      .map(show)
      .join(", ")}.`;
  }
  if (schema.type === undefined) return undefined;
  const types = [schema.type].flat();
  if (types.some((type) => isOfType(value, type))) return undefined;
  return `Should be ${types
    .filter((type) => type !== "null" || types.length === 1)
    .map((type) => NAMES[type] ?? type)
    .join(" or ")}.`;
}

const show = (value: Value): string => (typeof value === "string" ? value : JSON.stringify(value));

function textFault({ pattern, minLength, maxLength }: Schema, value: Value): string | undefined {
  if (typeof value !== "string") return undefined;
  const length = [...value].length;
  if (minLength !== undefined && length < minLength) {
    return length === 0 ? "Is empty." : `Should have at least ${minLength} characters; it has ${length}.`;
  }
  if (maxLength !== undefined && length > maxLength) {
    return `Should have at most ${maxLength} characters; it has ${length}.`;
  }
  if (pattern === undefined || expression(pattern).test(value)) return undefined;
  return value === "" ? "Is empty." : "Does not fit what is said here.";
}

/** A pattern of a schema: mostly one for Unicode; older ones escape what there need not be escaped. */
function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return new RegExp(pattern);
  }
}

function numberFault(schema: Schema, value: Value): string | undefined {
  if (typeof value !== "number") return undefined;
  if (schema.minimum !== undefined && value < schema.minimum) return `Should be at least ${schema.minimum}.`;
  if (schema.maximum !== undefined && value > schema.maximum) return `Should be at most ${schema.maximum}.`;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) {
    return `Should be more than ${schema.exclusiveMinimum}.`;
  }
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum) {
    return `Should be less than ${schema.exclusiveMaximum}.`;
  }
  if (schema.multipleOf !== undefined && value % schema.multipleOf !== 0) {
    return `Should be a multiple of ${schema.multipleOf}.`;
  }
  return undefined;
}

function checkList(root: Root, schema: Schema, value: Value, pointer: string): Fault[] {
  if (!Array.isArray(value)) return [];
  const found = value.flatMap((item, index) => {
    const rule = schema.prefixItems?.[index] ?? schema.items;
    return typeof rule === "object" ? check(root, item, rule, below(pointer, index)) : [];
  });
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) {
    found.push({ pointer, detail: minItems === 1 ? "At least one is needed." : `At least ${minItems} are needed.` });
  }
  if (maxItems !== undefined && value.length > maxItems) {
    found.push({ pointer, detail: maxItems === 0 ? "None is allowed here." : `At most ${maxItems} are allowed.` });
  }
  if (schema.uniqueItems && value.some((one, index) => value.slice(0, index).some((other) => isSame(one, other)))) {
    found.push({ pointer, detail: "Has the same entry twice." });
  }
  return found;
}

function checkFields(root: Root, schema: Schema, value: Value, pointer: string): Fault[] {
  if (!isFields(value)) return [];
  return [
    ...missing(schema, value).map((name) => ({ pointer: below(pointer, name), detail: "Is needed." })),
    ...Object.entries(value).flatMap(([name, one]) => checkField(root, schema, name, one, below(pointer, name))),
    ...countFaults(schema, Object.keys(value).length, pointer),
  ];
}

function missing(schema: Schema, value: Fields): string[] {
  const dependent = Object.entries(schema.dependentRequired ?? {}).filter(([name]) => Object.hasOwn(value, name));
  const needed = new Set([...(schema.required ?? []), ...dependent.flatMap(([, names]) => names)]);
  return [...needed].filter((name) => !Object.hasOwn(value, name));
}

function checkField(root: Root, schema: Schema, name: string, value: Value, pointer: string): Fault[] {
  const faults = schema.propertyNames
    ? check(root, name, schema.propertyNames).map(() => ({ pointer, detail: "This name does not fit." }))
    : [];
  const properties = schema.properties ?? {};
  const rule = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
  if (rule === false) return [...faults, { pointer, detail: "Is not a known field." }];
  return typeof rule === "object" ? [...faults, ...check(root, value, rule, pointer)] : faults;
}

function countFaults({ minProperties, maxProperties }: Schema, count: number, pointer: string): Fault[] {
  if (minProperties !== undefined && count < minProperties) {
    return [
      { pointer, detail: `At least ${minProperties} of the fields ${minProperties === 1 ? "is" : "are"} needed.` },
    ];
  }
  if (maxProperties !== undefined && count > maxProperties) {
    return [{ pointer, detail: `At most ${maxProperties} fields are allowed.` }];
  }
  return [];
}

function checkForms(root: Root, schema: Schema, value: Value, pointer: string): Fault[] {
  const found = (schema.allOf ?? []).flatMap((one) => check(root, value, one, pointer));
  if (schema.if) {
    const rule = fits(root, value, schema.if) ? schema.then : schema.else;
    if (rule) found.push(...check(root, value, rule, pointer));
  }
  if (schema.not !== undefined && (schema.not === true || (schema.not && fits(root, value, schema.not)))) {
    found.push({ pointer, detail: sentence(schema.description) ?? "Is not allowed here." });
  }
  return [...found, ...choiceFaults(root, schema, value, pointer)];
}

function sentence(text: string | undefined): string | undefined {
  return text && `Is not allowed here: ${text.replace(/\.?$/, ".")}`;
}

function choiceFaults(root: Root, schema: Schema, value: Value, pointer: string): Fault[] {
  const given = schema.oneOf ?? schema.anyOf;
  if (!given) return [];
  const fitting = given.filter((one) => fits(root, value, one)).length;
  if (fitting === 1 || (fitting > 1 && schema.anyOf)) return [];
  const choice = alternatives(schema);
  if (!choice) return [{ pointer, detail: neededFault(given) }];
  const index = fitting ? -1 : chosen(root, choice, value);
  const one = choice[index];
  if (one) return check(root, value, one, pointer);
  const name = discriminator(root, choice);
  return [{ pointer: name && isFields(value) ? below(pointer, name) : pointer, detail: choiceFault(fitting) }];
}

const choiceFault = (fitting: number): string =>
  fitting ? "Fits more than one of the forms that exclude each other." : "One has to be chosen.";

function neededFault(given: Schema[]): string {
  const names = given.flatMap((one) => one.required ?? []);
  return `Exactly one of ${names.join(", ")} is needed.`;
}

/** Which of the alternatives a value is meant to be, whether or not it fits; -1: that is not known. */
export function chosen(root: Root, choice: Schema[], value: Value): number {
  const name = discriminator(root, choice);
  if (name !== undefined) {
    const told = isFields(value) ? value[name] : undefined;
    return choice.findIndex((one) => told !== undefined && isSame(inlined(root, one).properties?.[name]?.const, told));
  }
  if (choice.length === 1) return value === null || value === undefined ? -1 : 0;
  const fitting = choice.findIndex((one) => fits(root, value, one));
  return fitting >= 0 ? fitting : choice.findIndex((one) => nearly(root, one, value));
}

/** Whether a value has the type of an alternative, and the fields that it needs. */
function nearly(root: Root, schema: Schema, value: Value): boolean {
  const { type, required } = inlined(root, schema);
  if (type !== undefined && ![type].flat().some((one) => isOfType(value, one))) return false;
  return typeOf(value) !== "object" || (required ?? []).every((name) => Object.hasOwn(value as Fields, name));
}
