import { session } from "../api/session";
import type { Place } from "../lib/paths";
import { isFields, type Value } from "../lib/pointer";

/** What somebody has begun to write, and what it was when they began. */
export interface Draft {
  base: Value;
  value: Value;
}

/** The page that somebody writes on. */
export const pageOf = ({ path, query }: Place): string => `${path}?${query}`;

const key = (page: string) => `scale.draft ${page}`;

/** Who writes: nobody else in this tab is shown it. */
const writer = (): string => (session.value && session.value !== "unknown" ? (session.value.user?.name ?? "") : "");

/** What was begun on a page and not saved, before the page was loaded anew or the session ended; null: nothing. */
export function draftOf(page: string): Draft | null {
  try {
    const kept: Value = JSON.parse(sessionStorage.getItem(key(page)) ?? "null");
    return isFields(kept) && kept["writer"] === writer() ? { base: kept["base"], value: kept["value"] } : null;
  } catch {
    // Storage is switched off, or somebody has written something else there.
    return null;
  }
}

/** Keep a draft while this tab is open. */
export function keepDraft(page: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key(page), JSON.stringify({ ...draft, writer: writer() }));
  } catch {
    // Storage is switched off, or full: it holds until the page is left.
  }
}

export function dropDraft(page: string): void {
  try {
    sessionStorage.removeItem(key(page));
  } catch {
    // Nothing was kept.
  }
}
