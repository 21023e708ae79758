import * as L from "leaflet";
import type { Position } from "../lib/shapes";

export type Tool = "box" | "polygon";

/** How far a pointer may move, in pixels, and still be said to click. */
const CLICK_PX = 4;

/** What is being drawn, as the pointer tells it. */
interface Sketch {
  down(at: L.LatLng): void;
  move(at: L.LatLng): void;
  /** @returns the corners of the area, once it is one. */
  up(at: L.LatLng, isClick: boolean): L.LatLng[] | null;
  enter(): L.LatLng[] | null;
}

/**
 * Lets one draw an area on a map: a box from corner to corner, or a polygon corner by corner, which Enter, a double
 * click or a click on its first corner closes. Escape ends it without an area.
 *
 * @param done told the corners; null: there is no area.
 * @returns ends it.
 */
export function draw(map: L.Map, tool: Tool, done: (corners: Position[] | null) => void): () => void {
  const shown = L.polygon([], { className: "sketch", interactive: false }).addTo(map);
  const sketch = tool === "box" ? boxOn(shown) : polygonOn(shown, map);
  const surface = map.getContainer();
  const listening = new AbortController();
  const { signal } = listening;
  let start: L.Point | null = null;

  const finish = (found: L.LatLng[] | null) =>
    found && done(found.map(({ lng, lat }): Position => [lng, Math.max(-90, Math.min(90, lat))]));
  const down = (event: PointerEvent) => {
    if (event.button || isControl(event)) return;
    event.preventDefault();
    start = map.mouseEventToContainerPoint(event);
    sketch.down(map.mouseEventToLatLng(event));
  };
  const up = (event: PointerEvent) => {
    const isClick = start && start.distanceTo(map.mouseEventToContainerPoint(event)) <= CLICK_PX;
    start = null;
    if (isClick !== null) finish(sketch.up(map.mouseEventToLatLng(event), isClick));
  };
  const key = (event: KeyboardEvent) => {
    const corners = event.key === "Enter" ? sketch.enter() : null;
    if (!corners && event.key !== "Escape") return;
    // The button that began it may have the focus still.
    event.preventDefault();
    if (corners) finish(corners);
    else done(null);
  };

  surface.addEventListener("pointerdown", down, { signal });
  surface.addEventListener("pointermove", (event) => sketch.move(map.mouseEventToLatLng(event)), { signal });
  document.addEventListener("pointerup", up, { signal });
  document.addEventListener("keydown", key, { signal });
  hold(map, true);
  return () => {
    listening.abort();
    hold(map, false);
    shown.remove();
  };
}

function boxOn(shown: L.Polygon): Sketch {
  let first: L.LatLng | null = null;
  const cornersTo = (at: L.LatLng): L.LatLng[] =>
    first ? [first, L.latLng(first.lat, at.lng), at, L.latLng(at.lat, first.lng)] : [];
  return {
    down(at) {
      first = at;
    },
    move: (at) => shown.setLatLngs(cornersTo(at)),
    up(at, isClick) {
      const corners = cornersTo(at);
      first = null;
      return isClick ? null : corners;
    },
    enter: () => null,
  };
}

function polygonOn(shown: L.Polygon, map: L.Map): Sketch {
  const corners: L.LatLng[] = [];
  const isNear = (one: L.LatLng | undefined, other: L.LatLng) =>
    one !== undefined && map.latLngToContainerPoint(one).distanceTo(map.latLngToContainerPoint(other)) <= 2 * CLICK_PX;
  const closed = () => (corners.length >= 3 ? corners : null);
  return {
    down() {},
    move: (at) => shown.setLatLngs([...corners, at]),
    up(at, isClick) {
      if (!isClick) return null;
      if (isNear(corners[0], at) || isNear(corners.at(-1), at)) return closed();
      corners.push(at);
      return null;
    },
    enter: closed,
  };
}

/** Whether the map stays where it is. */
function hold(map: L.Map, isHeld: boolean): void {
  map.getContainer().classList.toggle("drawing", isHeld);
  for (const handler of [map.dragging, map.doubleClickZoom, map.boxZoom]) isHeld ? handler.disable() : handler.enable();
}

const isControl = (event: PointerEvent): boolean =>
  event.target instanceof Element && event.target.closest(".leaflet-control") !== null;
