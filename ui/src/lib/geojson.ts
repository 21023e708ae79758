import { nothing, type Position, type Shape, together } from "./shapes";

/**
 * What a GeoJSON object says, be it a geometry, a Feature or a FeatureCollection; heights are left out.
 *
 * @returns null: it is none.
 */
export function shapeOfGeoJson(object: unknown): Shape | null {
  if (typeof object !== "object" || object === null) return null;
  const { type, geometry, geometries, features, coordinates } = object as Record<string, unknown>;
  if (type === "Feature") return geometry === null ? nothing() : shapeOfGeoJson(geometry);
  if (type === "FeatureCollection") return all(features);
  if (type === "GeometryCollection") return all(geometries);
  const read = typeof type === "string" ? READERS[type] : undefined;
  try {
    return read ? { ...nothing(), ...read(coordinates) } : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function all(members: unknown): Shape | null {
  if (!Array.isArray(members)) return null;
  const shapes = members.map(shapeOfGeoJson);
  return shapes.every((one) => one !== null) ? together(shapes) : null;
}

/** @throws TypeError it is no position. */
function position(value: unknown): Position {
  const [x, y] = value as unknown[];
  if (typeof x !== "number" || typeof y !== "number") throw new TypeError("no position");
  return [x, y];
}

const positions = (value: unknown): Position[] => (value as unknown[]).map(position);
const rings = (value: unknown): Position[][] => (value as unknown[]).map(positions);

const READERS: Record<string, (coordinates: unknown) => Partial<Shape>> = {
  Point: (value) => ({ points: [position(value)] }),
  MultiPoint: (value) => ({ points: positions(value) }),
  LineString: (value) => ({ lines: [positions(value)] }),
  MultiLineString: (value) => ({ lines: rings(value) }),
  Polygon: (value) => ({ polygons: [rings(value)] }),
  MultiPolygon: (value) => ({ polygons: (value as unknown[]).map(rings) }),
};
