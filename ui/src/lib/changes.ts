import { below, isFields, isSame, type Value } from "./pointer";

/** A part of a document that is not what it was; undefined: it is not there. */
export interface Change {
  /** Where, as a JSON pointer; entries of lists stand at the keys that they were paired by. */
  pointer: string;
  was: Value;
  is: Value;
}

/** What both lists have of what is one entry, by its key; null: nothing is known of that, they are compared as wholes. */
export type Pairing = (was: Value[], is: Value[]) => [key: string | number, was: Value, is: Value][] | null;

/** Entries are the same ones if they stand at the same places: of lists that somebody edits. */
export const byPlace: Pairing = (was, is) =>
  was.length === is.length ? was.map((one, index) => [index, one, is[index]]) : null;

/** Entries are the same ones if they have the same names: of lists of which nobody knows how one became the other. */
export const byName: Pairing = (was, is) => {
  const [old, young] = [named(was), named(is)];
  if (!old || !young) return null;
  return [...new Set([...old.keys(), ...young.keys()])].map((name) => [name, old.get(name), young.get(name)]);
};

/** The entries of a list by their names, if each has one of its own. */
function named(list: Value[]): Map<string, Value> | null {
  const found = new Map<string, Value>();
  for (const one of list) {
    if (!isFields(one) || typeof one["name"] !== "string" || found.has(one["name"])) return null;
    found.set(one["name"], one);
  }
  return found;
}

/** What has changed from one document to another, part by part. */
export function changes(was: Value, is: Value, pairing: Pairing, pointer = ""): Change[] {
  if (isSame(was, is)) return [];
  const parts = partsOf(was, is, pairing);
  if (!parts) return [{ pointer, was, is }];
  return parts.flatMap(([key, old, young]) => changes(old, young, pairing, below(pointer, key)));
}

function partsOf(was: Value, is: Value, pairing: Pairing): ReturnType<Pairing> {
  if (Array.isArray(was) && Array.isArray(is)) return pairing(was, is);
  if (!isFields(was) || !isFields(is)) return null;
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].map((name) => [name, was[name], is[name]]);
}
