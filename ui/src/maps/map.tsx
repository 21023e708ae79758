import "leaflet/dist/leaflet.css";
import * as L from "leaflet";
import { useLayoutEffect, useRef } from "preact/hooks";
import { around, type Box, boxOf, MOST_DEGREES, type Position, type Shape } from "../lib/shapes";
import { draw, type Tool } from "./drawing";
import { type Footprint, Footprints } from "./footprints";
import { boundsOf, layersOf } from "./leaflet";
import { showWorld } from "./world";

export interface MapProps {
  label: string;
  footprints: readonly Footprint[];
  /** What was asked for: where that becomes another thing, the map goes to what is found. Null: that is not known yet. */
  subject?: string | null;
  /** The area that was searched. */
  area?: Shape | null;
  /** The one that is pointed at, on the map or beside it. */
  hot?: number | null;
  point?: (id: number | null) => void;
  choose?: (id: number) => void;
  /** What is drawn with; null: nothing is. */
  tool?: Tool | null;
  drawn?: (tool: Tool, corners: Position[] | null) => void;
}

interface Parts {
  map: L.Map;
  footprints: Footprints;
  /** What was asked for when the map went to what was found; null: it never did. */
  placed: string | null;
}

/** A map of the earth with footprints on it. */
export default function EarthMap(props: MapProps) {
  const element = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  // Listeners are there as long as the map is, and call what the last drawing of the page gave.
  const latest = useRef(props);
  latest.current = props;

  useLayoutEffect(() => {
    const map = mapIn(element.current as HTMLElement);
    const footprints = new Footprints(
      map,
      (id) => latest.current.point?.(id),
      (id) => latest.current.choose?.(id),
    );
    parts.current = { map, footprints, placed: null };
    const watcher = new ResizeObserver(() => map.invalidateSize({ pan: false }));
    watcher.observe(element.current as HTMLElement);
    return () => {
      watcher.disconnect();
      map.remove();
    };
  }, []);

  // These at once, too: whoever points at something that is seen must not have it move away.
  useLayoutEffect(() => {
    const { map, footprints, placed } = parts.current as Parts;
    footprints.show(props.footprints);
    const { subject = "" } = props;
    if (subject === null || subject === placed) return;
    if (place(map, props, placed === null)) (parts.current as Parts).placed = subject;
  }, [props.footprints, props.subject]);

  useLayoutEffect(() => parts.current?.footprints.highlight(props.hot ?? null), [props.hot, props.footprints]);

  useLayoutEffect(() => {
    const { map } = parts.current as Parts;
    if (!props.area) return;
    const options = { renderer: L.svg({ padding: 0.5 }), className: "area-searched", interactive: false };
    const shown = L.layerGroup(layersOf(props.area, options)).addTo(map);
    // One that was drawn is seen already.
    const box = boxOf(props.area);
    if (box && !map.getBounds().contains(boundsOf(box))) show(map, box);
    return () => void shown.remove();
  }, [props.area]);

  // At once: the next thing that one does is a click on the map.
  useLayoutEffect(() => {
    const { tool } = props;
    if (!tool) return;
    return draw((parts.current as Parts).map, tool, (corners) => latest.current.drawn?.(tool, corners));
  }, [props.tool]);

  return <div ref={element} class="map-surface" role="region" aria-label={props.label} />;
}

/** An empty map of the earth. A degree is as long everywhere: a box is one, and the poles are seen. */
function mapIn(element: HTMLElement): L.Map {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, {
    crs: L.CRS.EPSG4326,
    center: [20, 0],
    zoom: 1,
    minZoom: 0,
    maxZoom: 14,
    zoomSnap: 0.25,
    maxBounds: [
      [-90, -MOST_DEGREES],
      [90, MOST_DEGREES],
    ],
    maxBoundsViscosity: 1,
    zoomAnimation: !isCalm,
    fadeAnimation: !isCalm,
    markerZoomAnimation: !isCalm,
    inertia: !isCalm,
    attributionControl: false,
  });
  L.control.attribution({ prefix: false }).addAttribution("Countries: Natural Earth").addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  showWorld(map);
  return map;
}

/**
 * Show what was searched, or else what was found; whether there is anything.
 *
 * @param isFirst what is seen already is gone to as well.
 */
function place(map: L.Map, { area, footprints }: MapProps, isFirst: boolean): boolean {
  const boxes = (area ? [area] : footprints.map((one) => one.shape)).map(boxOf).filter((box) => box !== null);
  const box = around(boxes);
  if (box && (isFirst || !map.getBounds().contains(boundsOf(box)))) show(map, box);
  return box !== null;
}

const show = (map: L.Map, box: Box): L.Map =>
  map.fitBounds(boundsOf(box), { maxZoom: 6, padding: [24, 24], animate: false });
