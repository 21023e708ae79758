import { place } from "../lib/router";
import { SEARCHED } from "./area";
import { Link } from "./basics";

/** The filters that lists and the map have in common. */
export const SHARED_FILTERS: readonly string[] = [...SEARCHED, "started", "file_name"];

/** Those of an address. */
export const sharedFilters = (query: URLSearchParams): URLSearchParams =>
  new URLSearchParams([...query].filter(([name]) => SHARED_FILTERS.includes(name)));

/** What the map can show. */
export type MapKind = "products" | "sources" | "ingests";

/** Leads from a list to the same on the map. */
export function OnMap({ kind }: { kind: MapKind }) {
  const query = sharedFilters(place.value.query);
  query.set("kind", kind);
  return (
    <Link to={`/map?${query}`} class="button">
      On the map
    </Link>
  );
}

/** Says that a list is narrowed by what was chosen on the map. */
export function SearchNote() {
  const query = place.value.query;
  const hasArea = query.has("bbox") || query.has("geometry");
  const hasTime = query.has("data_started") || query.has("data_ended");
  if (!hasArea && !hasTime) return null;
  return (
    <span class="hint note">{`Only data of ${[hasArea && "an area", hasTime && "a time"].filter(Boolean).join(" and ")}`}</span>
  );
}
