import { shapeOfGeoJson } from "./geojson";
import { type Box, inOnePiece, type Position, type Shape } from "./shapes";
import { rounded, shapeOfWkt } from "./wkt";

const ROUND = 360;

/** What the API's `bbox` takes: west lies east of east where the box reaches across the antimeridian. */
export function bboxOf(box: Box): string {
  if (box.east - box.west >= ROUND) return [-180, rounded(box.south), 180, rounded(box.north)].join();
  return [wrapped(box.west), rounded(box.south), wrapped(box.east), rounded(box.north)].join();
}

/** A longitude between -180 and 180. */
function wrapped(longitude: number): number {
  if (Math.abs(longitude) <= ROUND / 2) return rounded(longitude);
  return rounded(longitude - ROUND * Math.round(longitude / ROUND));
}

/** The four numbers of a `bbox`; null: it is none. */
export function numbersOf(bbox: string): [number, number, number, number] | null {
  const numbers = bbox.split(",").map((part) => (part.trim() ? Number(part) : Number.NaN));
  return numbers.length === 4 && numbers.every(Number.isFinite) ? (numbers as [number, number, number, number]) : null;
}

/** The area that an address asks for; null: none, or none that can be drawn; the API says what is wrong with it. */
export function areaOf(query: URLSearchParams): Shape | null {
  const bbox = numbersOf(query.get("bbox") ?? "");
  if (bbox) return shapeOfBox(bbox);
  const geometry = query.get("geometry");
  return geometry ? shapeOfText(geometry) : null;
}

function shapeOfBox([west, south, east, north]: [number, number, number, number]): Shape {
  const end = east < west ? east + ROUND : east;
  const ring: Position[] = [
    [west, south],
    [end, south],
    [end, north],
    [west, north],
    [west, south],
  ];
  return { points: [], lines: [], polygons: [[ring]] };
}

/** The shape that a text says, be it WKT or GeoJSON; null: it says none. */
export function shapeOfText(text: string): Shape | null {
  try {
    const shape = text.trimStart().startsWith("{") ? shapeOfGeoJson(JSON.parse(text)) : shapeOfWkt(text);
    return shape && inOnePiece(shape);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
