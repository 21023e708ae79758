/** The path below `/ui`, and the query. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

/** The place that an address names; null: it is not in this interface. */
export function placeOf(url: URL, basePath: string): Place | null {
  if (!url.pathname.startsWith(basePath)) return null;
  return { path: `/${url.pathname.slice(basePath.length)}`, query: url.searchParams };
}

/** A query with changes, as it stands behind a path. */
export function search(query: URLSearchParams, changes: Record<string, string | null>): string {
  const next = new URLSearchParams(query);
  if (!("cursor" in changes) && !("page" in changes)) {
    next.delete("cursor");
    next.delete("page");
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return text ? `?${text}` : "";
}

/** The parts of a path by the names in a pattern such as `/jobs/:id`; null: it does not fit. */
export function match(pattern: string, found: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = found.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const parts: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (part.startsWith(":")) parts[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return parts;
}
