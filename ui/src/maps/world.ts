import * as L from "leaflet";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import fine from "world-atlas/countries-50m.json?url";
// Natural Earth (public domain, https://www.naturalearthdata.com), as the package world-atlas (ISC) has it.
import coarse from "world-atlas/countries-110m.json?url";
import type { Position } from "../lib/shapes";
import { inCopies, latLngs } from "./leaflet";

type World = Topology<{ countries: GeometryCollection }>;

/** From this zoom on, more of the coasts is seen than is loaded at first. */
const FINE_ZOOM = 3;
const PANE = "land";

/** The countries of the earth, below all else; more exact ones are loaded once somebody looks closely. */
export function showWorld(map: L.Map): void {
  map.createPane(PANE).style.zIndex = "200";
  const renderer = L.svg({ pane: PANE, padding: 0.5 });
  const shown = L.layerGroup().addTo(map);
  let loading = "";
  const show = async (): Promise<void> => {
    const wanted = map.getZoom() >= FINE_ZOOM ? fine : coarse;
    // What is more exact stays: it is right for everything.
    if (loading === wanted || loading === fine) return;
    loading = wanted;
    const rings = await ringsOf(wanted);
    // It may have been closed, or more exact ones asked for.
    if (loading !== wanted || !map.getPane(PANE)) return;
    shown.clearLayers();
    for (const copy of inCopies(rings)) {
      const options = { pane: PANE, renderer, className: "land", interactive: false, smoothFactor: 1.2 };
      L.polygon(latLngs(copy), options).addTo(shown);
    }
  };
  map.on("zoomend", () => void show());
  void show();
}

/** The outlines of all countries. Without an answer there are none: a map without coasts shows footprints all the same. */
async function ringsOf(address: string): Promise<Position[][]> {
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) return [];
  const world = (await answer.json()) as World;
  return feature(world, world.objects.countries).features.flatMap(({ geometry }) => {
    if (geometry.type === "Polygon") return geometry.coordinates.map(unrolled);
    return geometry.type === "MultiPolygon" ? geometry.coordinates.flat().map(unrolled) : [];
  });
}

/**
 * A ring as it lies on a plane: one that crosses the antimeridian goes on beyond it, and one around a pole, of which
 * there is the Antarctic's, is closed by way of the map's edge.
 */
function unrolled(ring: number[][]): Position[] {
  let shift = 0;
  const found = ring.map((corner, index): Position => {
    const [x, y] = corner as [number, number];
    const before = ring[index - 1]?.[0] ?? x;
    if (Math.abs(x - before) > 180) shift += x < before ? 360 : -360;
    return [x + shift, y];
  });
  const [first, last] = [found[0], found.at(-1)];
  return first && last && Math.abs(first[0] - last[0]) > 180 ? [...found, [last[0], -90], [first[0], -90]] : found;
}
