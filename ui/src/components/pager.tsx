import { count, plural } from "../lib/format";
import { place, setQuery } from "../lib/router";
import type { Page } from "./table";

/** How many rows a page may have. */
export const SIZES = ["50", "200", "1000"] as const;

/** How much of a list is seen, and the ways to the rest; `size`: how many rows a page has where the address is silent. */
export function Pager({ page, noun, size = SIZES[0] }: { page: Page<unknown>; noun: string; size?: string }) {
  const chosen = place.value.query.get("page_size") ?? size;
  return (
    <nav class="pager" aria-label="Pages">
      <span>
        {page.results.length < page.count
          ? `${count(page.results.length)} of ${plural(page.count, noun)}`
          : plural(page.count, noun)}
      </span>
      <label>
        <span>Rows</span>
        <select value={chosen} onChange={(event) => setQuery({ page_size: event.currentTarget.value })}>
          {SIZES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <Turn to={page.previous} title="Previous page" sign="←" />
      <Turn to={page.next} title="Next page" sign="→" />
    </nav>
  );
}

function Turn({ to, title, sign }: { to: string | null; title: string; sign: string }) {
  return (
    <button
      type="button"
      class="small"
      disabled={!to}
      aria-label={title}
      title={title}
      onClick={() => to && setQuery(leaf(to))}
    >
      {sign}
    </button>
  );
}

/** What a link of the API says of the page it leads to. */
function leaf(link: string): { cursor: string | null; page: string | null } {
  const query = new URL(link).searchParams;
  return { cursor: query.get("cursor"), page: query.get("page") };
}
