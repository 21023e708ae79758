import { computed, signal } from "@preact/signals";

/** Now, in ms; it moves on by itself, slowly enough to read. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);

/** Today, in the local zone: it changes once a day, so that what shows moments is not drawn again each time. */
export const today = computed(() => new Date(now.value).toDateString());

// Making one takes longer than a hundred uses of it.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const YEAR = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const HALF_A_YEAR_MS = 180 * 86_400_000;

/** A moment in the local zone: the time alone if it was on that day. */
export function local(moment: Date, day: string): string {
  const time = CLOCK.format(moment);
  if (moment.toDateString() === day) return time;
  const date = Math.abs(Date.parse(day) - +moment) > HALF_A_YEAR_MS ? YEAR : DATE;
  return `${date.format(moment)}, ${time}`;
}

/** A moment in UTC, in full. */
export const utc = (moment: Date): string => moment.toISOString().replace("T", " ").replace("Z", " UTC");

/** The time between two moments in ms; the second one is now where there is none. */
export const between = (from: string, to: string | null, at: number): number =>
  (to ? Date.parse(to) : at) - Date.parse(from);
