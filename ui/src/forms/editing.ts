import { useMemo, useState } from "preact/hooks";
import { ApiError, type Fault } from "../api/problem";
import type { ValidationResult } from "../api/schema";
import { signedOut } from "../api/session";
import { byPlace, type Change, changes } from "../lib/changes";
import { found, isFields, isSame, type Value } from "../lib/pointer";
import { check } from "./check";
import { type Kept, useKept } from "./kept";
import type { Root } from "./schema";

export type Warnings = ValidationResult["warnings"];

interface Options {
  root: Root;
  /** What it is before anything is changed. */
  begun: Value;
  /** Ask the API what it thinks of it, where it can be asked. */
  check?: ((value: Value) => Promise<ValidationResult>) | undefined;
  /** Have the API save it. */
  save: (value: Value) => Promise<void>;
}

export interface Editing extends Omit<Kept<Value>, "saved"> {
  /** What is not as it was before. */
  changes: readonly Change[];
  /** What is wrong with it, as the API has said or an attempt to save has shown. */
  faults: readonly Fault[];
  /** What is wrong with it, whether or not anybody has been there. */
  early: readonly Fault[];
  error: ApiError | undefined;
  /** What the API warns of; undefined: it has not been asked about what it is now. */
  warnings: Warnings | undefined;
  isBusy: boolean;
  attempt: (what: "check" | "save") => Promise<void>;
}

/** What somebody does to a document until it is saved. */
export function useEditing(options: Options): Editing {
  const { saved, ...kept } = useKept(options.begun);
  const { base, value } = kept;
  const [tried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ error: ApiError; value: Value }>();
  const [told, setTold] = useState<{ warnings: Warnings; value: Value }>();
  const early = useMemo(() => check(options.root, value), [options.root, value]);
  const made = useMemo(() => changes(base, value, byPlace), [base, value]);

  const ask = async (what: "check" | "save"): Promise<void> => {
    if (options.check && (what === "check" || !told || !isSame(told.value, value))) {
      const { warnings } = await options.check(value);
      setTold({ warnings, value });
      // What is warned of is read before it is saved.
      if (what === "check" || warnings.length) return;
    }
    await saved(() => options.save(value));
  };

  const attempt = async (what: "check" | "save"): Promise<void> => {
    setTried(true);
    setRefused(undefined);
    if (early.length || isBusy) return;
    setBusy(true);
    try {
      await ask(what);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) signedOut();
      else setRefused({ error, value });
    } finally {
      setBusy(false);
    }
  };

  return {
    ...kept,
    changes: made,
    faults: [...(tried ? early : []), ...standing(refused, value)],
    early: tried ? [] : early,
    error: refused?.error,
    warnings: told && isSame(told.value, value) ? told.warnings : undefined,
    isBusy,
    attempt,
    restart: (now) => {
      setTried(false);
      setRefused(undefined);
      kept.restart(now);
    },
  };
}

/** What the API has said of parts that still are as they were then. */
function standing(refused: { error: ApiError; value: Value } | undefined, value: Value): Fault[] {
  if (!refused) return [];
  return refused.error.faults.filter(({ pointer }) => isSame(found(refused.value, pointer), found(value, pointer)));
}

/** The fields of a document that have changed, for a request that changes these alone. */
export function changedFields(base: Value, value: Value): Record<string, Value> {
  const before = isFields(base) ? base : {};
  const after = isFields(value) ? value : {};
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...names].filter((name) => !isSame(before[name], after[name])).map((name) => [name, after[name] ?? null]),
  );
}
