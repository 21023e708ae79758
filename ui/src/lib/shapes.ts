/** A place on the earth: longitude and latitude in degrees, WGS 84. */
export type Position = readonly [number, number];

/** What a geometry is made of; of a polygon, the first ring is its outline and the others are holes. */
export interface Shape {
  points: Position[];
  lines: Position[][];
  polygons: Position[][][];
}

/** West, south, east and north in degrees; east of 180 it reaches across the antimeridian. */
export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** How far a map shows the earth to either side, so that what lies about the antimeridian is seen in one piece. */
export const MOST_DEGREES = 270;
const EDGE = 180;
const ROUND = 360;

export const nothing = (): Shape => ({ points: [], lines: [], polygons: [] });

/** Several shapes as one. */
export function together(shapes: readonly Shape[]): Shape {
  return {
    points: shapes.flatMap((one) => one.points),
    lines: shapes.flatMap((one) => one.lines),
    polygons: shapes.flatMap((one) => one.polygons),
  };
}

/** The box around a shape; null: there is nothing in it. */
export function boxOf(shape: Shape): Box | null {
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const path of pathsOf(shape)) {
    for (const [x, y] of path) {
      box.west = Math.min(box.west, x);
      box.east = Math.max(box.east, x);
      box.south = Math.min(box.south, y);
      box.north = Math.max(box.north, y);
    }
  }
  return box.west <= box.east ? box : null;
}

/** The box around several. */
export function around(boxes: readonly Box[]): Box | null {
  if (!boxes.length) return null;
  return {
    west: Math.min(...boxes.map((one) => one.west)),
    south: Math.min(...boxes.map((one) => one.south)),
    east: Math.max(...boxes.map((one) => one.east)),
    north: Math.max(...boxes.map((one) => one.north)),
  };
}

/**
 * A shape in one piece: of one that is cut in two at the antimeridian (RFC 7946, 3.1.9), the part behind it follows on
 * the part before it.
 */
export function inOnePiece(shape: Shape): Shape {
  const box = boxOf(shape);
  if (box?.west !== -EDGE || box.east !== EDGE) return shape;
  const isBehind = (path: Position[]) => path.every(([x]) => x < 0);
  const follow = (path: Position[]) => (isBehind(path) ? moved(path, ROUND) : path);
  const isSplit =
    pathsOf(shape).some(isBehind) && pathsOf(shape).every((path) => isBehind(path) || path.every(isAhead));
  if (!isSplit) return shape;
  return {
    points: shape.points.flatMap((point) => follow([point])),
    lines: shape.lines.map(follow),
    polygons: shape.polygons.map((rings) =>
      isBehind(rings[0] ?? []) ? rings.map((ring) => moved(ring, ROUND)) : rings,
    ),
  };
}

const isAhead = ([x]: Position): boolean => x >= 0;

/** The same shape wherever a map shows it: once, and once more where it lies near the antimeridian. */
export function copies(shape: Shape): Shape[] {
  const box = boxOf(shape);
  if (!box) return [];
  const shifts = [-ROUND, 0, ROUND].filter(
    (shift) => box.east + shift > -MOST_DEGREES && box.west + shift < MOST_DEGREES,
  );
  return shifts.map((shift) => (shift ? movedShape(shape, shift) : shape));
}

function movedShape(shape: Shape, shift: number): Shape {
  return {
    points: moved(shape.points, shift),
    lines: shape.lines.map((line) => moved(line, shift)),
    polygons: shape.polygons.map((rings) => rings.map((ring) => moved(ring, shift))),
  };
}

const moved = (path: readonly Position[], shift: number): Position[] => path.map(([x, y]) => [x + shift, y]);

function pathsOf(shape: Shape): Position[][] {
  return [...shape.points.map((point) => [point]), ...shape.lines, ...shape.polygons.flat()];
}

/** The part of a ring that lies on one side of a longitude: `side` 1 is east of it, -1 west. */
export function clipped(ring: readonly Position[], longitude: number, side: 1 | -1): Position[] {
  const isIn = ([x]: Position) => (x - longitude) * side >= 0;
  return ring.flatMap((here, index): Position[] => {
    const before = ring[(index + ring.length - 1) % ring.length] as Position;
    const own = isIn(here) ? [here] : [];
    if (isIn(here) === isIn(before)) return own;
    const share = (longitude - before[0]) / (here[0] - before[0]);
    return [[longitude, before[1] + share * (here[1] - before[1])], ...own];
  });
}
