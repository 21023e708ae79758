import type { ConfigurationExport } from "../api/schema";
import { byName, type Change, changes } from "./changes";

export const KINDS = ["recipe_types", "job_types", "errors"] as const;
export type Kind = (typeof KINDS)[number];
export type Configuration = Partial<Record<Kind, unknown[]>> & { version?: unknown };

export const TITLES: Record<Kind, string> = { recipe_types: "Recipe types", job_types: "Job types", errors: "Errors" };

/** What an import would do with one record. */
export interface Planned {
  kind: Kind;
  label: string;
  isNew: boolean;
  changes: Change[];
}

type Named = Record<string, unknown>;

/** How a record is known again: by its name and, where it has one, its version. */
export const labelOf = (record: unknown): string => {
  const { name, version } = (record ?? {}) as Named;
  return [name, version].filter((part) => part !== undefined).join(" ");
};

/**
 * What an import would change: of records that are there, the fields that are given and are another than now.
 *
 * Fields that an export does not have are read-only, and ignored by an import.
 */
export function planned(now: ConfigurationExport, wanted: Configuration): Planned[] {
  return KINDS.flatMap((kind) => {
    const there = new Map(now[kind].map((record) => [labelOf(record), record as Named]));
    return (wanted[kind] ?? []).map((record) => plannedOf(kind, there.get(labelOf(record)), record as Named));
  });
}

function plannedOf(kind: Kind, before: Named | undefined, record: Named): Planned {
  const label = labelOf(record);
  if (!before) return { kind, label, isNew: true, changes: changes({}, record, byName) };
  const given = Object.keys(record).filter((field) => field in before);
  return {
    kind,
    label,
    isNew: false,
    changes: given.flatMap((field) => changes(before[field], record[field], byName, `/${field}`)),
  };
}

/**
 * The configuration in a text.
 *
 * @throws SyntaxError it is no JSON, or no configuration.
 */
export function parsed(text: string): Configuration {
  const document: unknown = JSON.parse(text);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new SyntaxError("A configuration is an object with recipe_types, job_types and errors.");
  }
  for (const kind of KINDS) {
    if (!Array.isArray((document as Named)[kind] ?? [])) throw new SyntaxError(`${kind} has to be a list.`);
  }
  return document as Configuration;
}
