import { type Signal, useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { plural } from "../lib/format";
import type { Found } from "../lib/found";
import { Link, Status, Time } from "./basics";

/** Which one is pointed at; `isOnMap`: there, and not in the list. */
export interface Hot {
  id: number | null;
  isOnMap: boolean;
}

/** What was found, beside the map; what is pointed at here is shown there, and the other way round. */
export function FoundList({ of, hot, label }: { of: readonly Found[]; hot: Signal<Hot>; label: string }) {
  const nowhere = of.filter((one) => !one.file?.geometry).length;
  return (
    <section class="found" aria-label={label} tabIndex={0}>
      <ul>
        {of.map((one) => (
          <Line key={one.id} of={one} hot={hot} />
        ))}
      </ul>
      {nowhere > 0 && (
        <p class="hint">{plural(nowhere, "footprint")} not known: what parses or makes a file says where it is.</p>
      )}
    </section>
  );
}

function Line({ of, hot }: { of: Found; hot: Signal<Hot> }) {
  const element = useRef<HTMLLIElement>(null);
  const isHot = useComputed(() => hot.value.id === of.id);
  const isSought = useComputed(() => isHot.value && hot.value.isOnMap);
  useEffect(() => {
    if (isSought.value) reveal(element.current as HTMLElement);
  }, [isSought.value]);
  const point = (id: number | null) => {
    hot.value = { id, isOnMap: false };
  };
  return (
    <li
      ref={element}
      class={isHot.value ? "hot" : ""}
      data-id={of.id}
      onPointerEnter={() => point(of.id)}
      onPointerLeave={() => point(null)}
      onFocusCapture={() => point(of.id)}
    >
      <Link to={of.to}>{of.name}</Link>
      {of.ingest && <Status of={of.ingest.status} />}
      <small>
        {of.file?.geometry ? "" : "no footprint · "}
        <Time at={of.file?.data_started ?? of.file?.created ?? of.ingest?.created} />
      </small>
    </li>
  );
}

/** Scroll the list, and nothing around it, to one of its lines. */
function reveal(line: HTMLElement): void {
  const list = line.closest<HTMLElement>(".found");
  if (!list) return;
  const [inner, outer] = [line.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
