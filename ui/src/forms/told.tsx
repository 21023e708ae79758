import type { Change } from "../lib/changes";
import { plural } from "../lib/format";
import type { Warnings } from "./editing";
import { placeOf, shown } from "./words";

/** What is not as it was. */
export function Changes({ of }: { of: readonly Change[] }) {
  if (!of.length) return <p class="none">Nothing has been changed.</p>;
  return (
    <ul class="changes" aria-label="Changes">
      {of.map(({ pointer, was, is }) => (
        <li key={pointer}>
          <b>{placeOf(pointer)}</b>
          <del>{shown(was)}</del>
          <ins>{shown(is)}</ins>
        </li>
      ))}
    </ul>
  );
}

/** What the API thinks of it. */
export function Told({ of }: { of: Warnings | undefined }) {
  if (!of) return null;
  if (!of.length) return <p class="good-news">The API has checked it, and warns of nothing.</p>;
  return (
    <div class="warnings" role="status">
      <strong>{plural(of.length, "warning")}</strong>
      <ul>
        {of.map((one) => (
          <li key={one.id + one.details}>{one.details}</li>
        ))}
      </ul>
    </div>
  );
}
