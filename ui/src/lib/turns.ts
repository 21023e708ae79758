/** Something that is asked again and again. */
export interface Turn {
  /** How many seconds lie between two answers, at least. */
  readonly everySeconds: number;
  /** When it was last asked, in ms. */
  asked: number;
  /** Whether an answer is awaited. */
  isAsking: boolean;
  ask(): Promise<void>;
}

/**
 * Whose turn it is to ask: one at each tick, the one that is most behind, so that a page that shows much asks no more
 * often than one that shows little.
 */
export class Turns {
  readonly #turns = new Set<Turn>();

  add(turn: Turn): () => void {
    this.#turns.add(turn);
    return () => this.#turns.delete(turn);
  }

  get isEmpty(): boolean {
    return this.#turns.size === 0;
  }

  /** @param now in ms. */
  tick(now: number): void {
    let next: Turn | undefined;
    for (const turn of this.#turns) {
      if (turn.isAsking || behind(turn, now) < 0) continue;
      if (!next || behind(turn, now) > behind(next, now)) next = turn;
    }
    if (!next) return;
    next.asked = now;
    void next.ask();
  }
}

/** By which share of its time somebody is late; below 0 it is not yet time. */
function behind(turn: Turn, now: number): number {
  return (now - turn.asked) / (turn.everySeconds * 1000) - 1;
}
