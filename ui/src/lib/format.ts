const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in bytes with a unit. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toPrecision(2)} ${UNITS[unit]}`;
}

/** The size of a file, where it is known. */
export const fileSize = (file: { file_size: number | null }): string =>
  file.file_size === null ? "–" : bytes(file.file_size);

/** A size in MiB with a unit. */
export const mib = (count: number): string => bytes(count * 1024 * 1024);

/** A number with thousands apart. */
export const count = (value: number): string => value.toLocaleString("en-US");

/** A number with at most this many digits behind the point. */
export const decimal = (value: number, digits = 1): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: digits });

/** A share of 1 as a percentage. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** A length of time in two units at most. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return pair(seconds, 60, "min", "s");
  if (seconds < 86400) return pair(seconds / 60, 60, "h", "min");
  return pair(seconds / 3600, 24, "d", "h");
}

function pair(value: number, size: number, large: string, small: string): string {
  const rest = Math.floor(value % size);
  return `${Math.floor(value / size)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
}

/** How long ago something was. */
export function ago(ms: number): string {
  return ms < 5000 ? "just now" : `${duration(ms).replace(/^(\d+)\.\d s/, "$1 s")} ago`;
}

/** A name for people: the title, where there is one. */
export const titled = (thing: { name: string; title: string | null }): string => thing.title || thing.name;

/** "1 job", "2 jobs". */
export const plural = (many: number, noun: string): string => `${count(many)} ${noun}${many === 1 ? "" : "s"}`;
