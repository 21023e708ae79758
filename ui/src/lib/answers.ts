import { shared } from "./sharing";

/** What was last answered to a question that may become another one, by keys. */
export interface Answer<T, E> {
  /** What was asked for. */
  key: string;
  data: T | undefined;
  error: E | undefined;
}

/** With what was found; the same answer if that says the same. */
export function withData<T, E>(old: Answer<T, E>, key: string, found: T): Answer<T, E> {
  const data = shared(old.data, found);
  return old.key === key && old.data === data && !old.error ? old : { key, data, error: undefined };
}

/** With what went wrong; what was found before stays, if it was for the same key. */
export function withError<T, E>(old: Answer<T, E>, key: string, error: E): Answer<T, E> {
  return { key, data: old.key === key ? old.data : undefined, error };
}
