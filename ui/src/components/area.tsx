import { useState } from "preact/hooks";
import { place, setQuery } from "../lib/router";
import { bboxOf, numbersOf } from "../lib/searched";
import { type Box, boxOf, type Position } from "../lib/shapes";
import { utc } from "../lib/time";
import { wktOfArea } from "../lib/wkt";
import type { Tool } from "../maps/drawing";

/** The filters of a place and a time of data, as the lists of the API have them. */
export const SEARCHED = ["bbox", "geometry", "data_started", "data_ended"] as const;

/** Search in an area that was drawn. */
export function searchIn(tool: Tool, corners: Position[]): void {
  if (tool === "polygon") setQuery({ geometry: wktOfArea(corners), bbox: null });
  else searchInBox(boxOf({ points: corners, lines: [], polygons: [] }) as Box);
}

const searchInBox = (box: Box) => setQuery({ bbox: bboxOf(box), geometry: null });

/** Where to look: drawn on the map, or, as well without it, said in numbers or as a geometry. */
export function AreaTools({ tool, take }: { tool: Tool | null; take: (tool: Tool | null) => void }) {
  const query = place.value.query;
  const isSet = query.has("bbox") || query.has("geometry");
  return (
    <div class="area" role="group" aria-label="Area">
      {(["box", "polygon"] as const).map((one) => (
        <button
          key={one}
          type="button"
          class="tab"
          aria-pressed={tool === one}
          onClick={() => take(tool === one ? null : one)}
        >
          Draw a {one}
        </button>
      ))}
      {tool && <span class="hint">{HINTS[tool]}</span>}
      {isSet && (
        <button type="button" class="quiet" onClick={() => setQuery({ bbox: null, geometry: null })}>
          Clear the area
        </button>
      )}
      <details>
        <summary>Area in numbers</summary>
        <BoxForm key={query.get("bbox") ?? ""} bbox={query.get("bbox") ?? ""} />
        <GeometryForm key={query.get("geometry") ?? ""} geometry={query.get("geometry") ?? ""} />
      </details>
    </div>
  );
}

const HINTS: Record<Tool, string> = {
  box: "Drag from corner to corner; Escape ends it.",
  polygon: "Click each corner; Enter or a click on the first one ends it.",
};

const SIDES = ["West", "South", "East", "North"] as const;

/** A box by its four sides. */
function BoxForm({ bbox }: { bbox: string }) {
  const numbers = numbersOf(bbox);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        setQuery({ bbox: SIDES.map((side) => Number(form.get(side))).join(), geometry: null });
      }}
    >
      {SIDES.map((side, index) => (
        <label key={side}>
          <span>{side}</span>
          <input
            type="number"
            name={side}
            required
            step="any"
            min={index % 2 ? -90 : -180}
            max={index % 2 ? 90 : 180}
            defaultValue={numbers?.[index]?.toString() ?? ""}
          />
        </label>
      ))}
      <button type="submit">Search in the box</button>
    </form>
  );
}

/** An area as WKT or GeoJSON. */
function GeometryForm({ geometry }: { geometry: string }) {
  const [text, setText] = useState(geometry);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ geometry: text.trim(), bbox: null });
      }}
    >
      <label class="wide">
        <span>WKT or GeoJSON</span>
        <textarea
          rows={2}
          value={text}
          placeholder="POLYGON ((-10 36, 3 36, 3 44, -10 36))"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={!text.trim()}>
        Search in the geometry
      </button>
    </form>
  );
}

/** A filter by a moment, chosen in the local zone; the address has it in UTC. */
export function Moment({ name, label }: { name: string; label: string }) {
  const given = new Date(place.value.query.get(name) ?? "");
  const isMoment = !Number.isNaN(+given);
  return (
    <label title={isMoment ? utc(given) : "in the local zone"}>
      <span>{label}</span>
      <input
        type="datetime-local"
        value={isMoment ? localText(given) : ""}
        onChange={(event) => {
          const text = event.currentTarget.value;
          setQuery({ [name]: text ? new Date(text).toISOString() : null });
        }}
      />
    </label>
  );
}

/** A moment as a field for it wants it: local, to the minute. */
const localText = (moment: Date): string =>
  new Date(+moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
