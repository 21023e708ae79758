/** How many characters of a log are kept on a page; all of it is behind its link. */
export const MOST_KEPT = 400_000;

/** A log with what was added to it; where it becomes too long, its first lines are left out. */
export function appended(log: string, added: string, most = MOST_KEPT): string {
  const whole = log + added;
  if (whole.length <= most) return whole;
  const cut = whole.indexOf("\n", whole.length - most);
  return whole.slice(cut < 0 ? whole.length - most : cut + 1);
}

/** A piece of a text, and whether it is what is looked for. */
export interface Piece {
  text: string;
  isHit: boolean;
}

/** The pieces of a text around what is looked for, whatever its case. */
export function pieces(text: string, sought: string): Piece[] {
  if (!sought) return [{ text, isHit: false }];
  const [lower, needle] = [text.toLowerCase(), sought.toLowerCase()];
  const found: Piece[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    if (at > from) found.push({ text: text.slice(from, at), isHit: false });
    from = at + needle.length;
    found.push({ text: text.slice(at, from), isHit: true });
  }
  if (from < text.length) found.push({ text: text.slice(from), isHit: false });
  return found;
}
