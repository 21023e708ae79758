import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/problem";
import { signedOut } from "../api/session";
import { type Answer, withData, withError } from "./answers";
import { type Turn, Turns } from "./turns";

const TICK_MS = 1000;

const turns = new Turns();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (!document.hidden) turns.tick(Date.now());
}

function subscribe(turn: Turn): () => void {
  const remove = turns.add(turn);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    remove();
    if (turns.isEmpty) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

document.addEventListener("visibilitychange", tick);

export interface Query<T> {
  /** What was last found; that for an earlier key until there is an answer for this. */
  data: T | undefined;
  /** What went wrong, if the last answer is that; `data` is then what was found for the same key before. */
  error: ApiError | undefined;
  /** Whether the last answer is for an earlier key. */
  isOld: boolean;
  /** Ask again at once. */
  refresh(): Promise<void>;
}

/**
 * What the API answers, kept up to date.
 *
 * An answer that says the same as the last one changes nothing on the page.
 *
 * @param key what is asked for: another key is another question.
 * @param everySeconds ask again after that time, while the page is seen; left out: once.
 */
export function useQuery<T>(key: string, load: () => Promise<T>, everySeconds?: number): Query<T> {
  const [state, setState] = useState<Answer<T, ApiError>>({ key: "", data: undefined, error: undefined });
  const current = useRef({ key, load });
  current.current = { key, load };

  const refresh = async (): Promise<void> => {
    const asked = current.current.key;
    try {
      const found = await current.current.load();
      if (current.current.key !== asked) return;
      setState((old) => withData(old, asked, found));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) signedOut();
      if (current.current.key === asked) setState((old) => withError(old, asked, error));
    }
  };

  useEffect(() => {
    const turn: Turn = {
      everySeconds: everySeconds ?? 0,
      asked: Date.now(),
      isAsking: false,
      async ask() {
        turn.isAsking = true;
        await refresh().finally(() => {
          turn.isAsking = false;
        });
      },
    };
    void turn.ask();
    return everySeconds ? subscribe(turn) : undefined;
  }, [key, everySeconds]);

  return { data: state.data, error: state.error, isOld: state.key !== key, refresh };
}
