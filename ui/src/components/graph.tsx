import type { VNode } from "preact";
import { type Knot, layers } from "../lib/graph";
import { href } from "../lib/router";
import type { Meaning } from "../lib/states";

/** A box of a graph. */
export interface Box extends Knot {
  title: string;
  subtitle: string;
  means?: Meaning | undefined;
  to?: string | undefined;
  isCurrent?: boolean;
}

const BOX = { width: 186, height: 50 };
const GAP = { x: 36, y: 16 };
const EDGE = 4;

/** A graph from left to right; boxes that lead somewhere are links. */
export function Graph({ label, boxes }: { label: string; boxes: Box[] }) {
  const spots = new Map(layers(boxes).map((spot) => [spot.name, spot]));
  const columns = 1 + Math.max(0, ...[...spots.values()].map((spot) => spot.column));
  const rows = 1 + Math.max(0, ...[...spots.values()].map((spot) => spot.row));
  const width = columns * (BOX.width + GAP.x) - GAP.x + 2 * EDGE;
  const height = rows * (BOX.height + GAP.y) - GAP.y + 2 * EDGE;
  const at = (name: string) => {
    const spot = spots.get(name);
    return spot && { x: EDGE + spot.column * (BOX.width + GAP.x), y: EDGE + spot.row * (BOX.height + GAP.y) };
  };
  return (
    <div class="graph" tabIndex={0} role="region" aria-label={label}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="group" aria-label={label}>
        {boxes.flatMap((box) =>
          box.after.map((from) => <Edge key={`${from} ${box.name}`} from={at(from)} to={at(box.name)} />),
        )}
        {boxes.map((box) => (
          <Node key={box.name} box={box} place={at(box.name)} />
        ))}
      </svg>
    </div>
  );
}

interface Point {
  x: number;
  y: number;
}

function Edge({ from, to }: { from: Point | undefined; to: Point | undefined }) {
  if (!from || !to) return null;
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
  const bend = (x2 - x1) / 2;
  return <path class="edge" d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} />;
}

function Node({ box, place }: { box: Box; place: Point | undefined }) {
  if (!place) return null;
  const inside = (
    <g
      class={`node ${box.means ?? ""} ${box.isCurrent ? "current" : ""}`}
      transform={`translate(${place.x} ${place.y})`}
    >
      <rect width={BOX.width} height={BOX.height} rx="5" />
      <rect class="mark" width="4" height={BOX.height} rx="2" />
      <text x="14" y="20">
        {short(box.title, 25)}
      </text>
      <text x="14" y="38" class="sub">
        {short(box.subtitle, 30)}
      </text>
      <title>{`${box.title}: ${box.subtitle}`}</title>
    </g>
  );
  return <Linked to={box.to}>{inside}</Linked>;
}

function Linked({ to, children }: { to: string | undefined; children: VNode }) {
  return to ? <a href={href(to)}>{children}</a> : children;
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
