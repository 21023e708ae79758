import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { isSame } from "../lib/pointer";
import { isGuarded, place } from "../lib/router";
import { draftOf, dropDraft, keepDraft, pageOf } from "./draft";

/** What somebody writes on a page. */
export interface Kept<T> {
  /** What it was before anything was changed. */
  base: T;
  value: T;
  change: (value: T) => void;
  isChanged: boolean;
  /** Whether it is one that was begun before, and kept. */
  isKept: boolean;
  /** Begin anew, with what it is now. */
  restart: (now: T) => void;
  /** Save it: leaving is free meanwhile, and nothing is kept of what was saved. */
  saved: (save: () => Promise<void>) => Promise<void>;
}

/**
 * What somebody writes until it is saved; what is begun outlives the page and the session, and whoever leaves it is asked.
 *
 * @param begun what it is before anything is changed; what others make of it meanwhile changes nothing here.
 */
export function useKept<T>(begun: T): Kept<T> {
  const here = pageOf(place.value);
  const kept = useMemo(() => draftOf(here), [here]);
  const [base, setBase] = useState((kept?.base as T | undefined) ?? begun);
  const [value, setValue] = useState((kept?.value as T | undefined) ?? begun);
  const [isKept, setKept] = useState(kept !== null);
  const isDone = useRef(false);
  const isChanged = useMemo(() => !isSame(base, value), [base, value]);

  // At once: the next thing that one does may be to leave.
  useLayoutEffect(() => {
    isGuarded.value = isChanged && !isDone.current;
    if (isChanged && !isDone.current) keepDraft(here, { base, value });
    else dropDraft(here);
  }, [isChanged, value]);
  useLayoutEffect(
    () => () => {
      isGuarded.value = false;
    },
    [],
  );

  return {
    base,
    value,
    change: setValue,
    isChanged,
    isKept,
    restart: (now) => {
      setKept(false);
      setBase(now);
      setValue(now);
    },
    saved: async (save) => {
      isDone.current = true;
      isGuarded.value = false;
      try {
        await save();
        dropDraft(here);
      } catch (error) {
        isDone.current = false;
        isGuarded.value = isChanged;
        throw error;
      }
    },
  };
}
