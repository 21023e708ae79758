import * as L from "leaflet";
import type { Box, Position, Shape } from "../lib/shapes";

const ROUND = 360;

/** Paths, as Leaflet wants them. */
export const latLngs = (paths: readonly (readonly Position[])[]): [number, number][][] =>
  paths.map((path) => path.map(([x, y]) => [y, x]));

/** Paths all around the earth, and once more to either side. */
export const inCopies = (paths: readonly Position[][]): Position[][][] =>
  [-ROUND, 0, ROUND].map((shift) => paths.map((path) => path.map(([x, y]): Position => [x + shift, y])));

/** A box, as Leaflet wants it. */
export const boundsOf = (box: Box): L.LatLngBounds => L.latLngBounds([box.south, box.west], [box.north, box.east]);

/** What draws a shape. */
export function layersOf(shape: Shape, options: L.PathOptions & { renderer: L.Renderer }): L.Path[] {
  return [
    ...(shape.polygons.length ? [L.polygon(shape.polygons.map(latLngs), options)] : []),
    ...(shape.lines.length ? [L.polyline(latLngs(shape.lines), { ...options, fill: false })] : []),
    ...shape.points.map(([x, y]) => L.circleMarker([y, x], { ...options, radius: 5 })),
  ];
}
