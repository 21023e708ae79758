import { clipped, nothing, type Position, type Shape, together } from "./shapes";

/**
 * What a WKT says, as the API writes footprints; heights are left out.
 *
 * @throws SyntaxError it is none.
 */
export function shapeOfWkt(text: string): Shape {
  return new Reader(text).whole();
}

class Reader {
  readonly #tokens: string[];
  #at = 0;

  constructor(readonly text: string) {
    this.#tokens = text.toUpperCase().match(/[A-Z]+|[(),]|[-+.\dE]+|\S/g) ?? [];
  }

  whole(): Shape {
    const found = this.geometry();
    return this.#at === this.#tokens.length ? found : this.#fail();
  }

  geometry = (): Shape => {
    const read = READERS[this.#next()] ?? this.#fail();
    if (/^(Z|M|ZM)$/.test(this.#peek())) this.#next();
    if (this.#peek() !== "EMPTY") return { ...nothing(), ...read(this) };
    this.#next();
    return nothing();
  };

  list<T>(item: () => T): T[] {
    if (this.#next() !== "(") this.#fail();
    const found = [item()];
    while (this.#peek() === ",") {
      this.#next();
      found.push(item());
    }
    if (this.#next() !== ")") this.#fail();
    return found;
  }

  position = (): Position => {
    const numbers: number[] = [];
    while (/^[-+.\d]/.test(this.#peek())) numbers.push(Number(this.#next()));
    const [x, y] = numbers;
    return x !== undefined && y !== undefined && numbers.every(Number.isFinite) ? [x, y] : this.#fail();
  };

  // A point of a MULTIPOINT may stand in parentheses of its own.
  point = (): Position => (this.#peek() === "(" ? (this.list(this.position)[0] as Position) : this.position());
  line = (): Position[] => this.list(this.position);
  polygon = (): Position[][] => this.list(this.line);

  #peek(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #next(): string {
    this.#at += 1;
    return this.#tokens[this.#at - 1] ?? "";
  }

  #fail(): never {
    throw new SyntaxError(`This is no WKT: ${this.text.slice(0, 80)}`);
  }
}

const READERS: Record<string, (text: Reader) => Partial<Shape>> = {
  POINT: (text) => ({ points: text.list(text.position) }),
  MULTIPOINT: (text) => ({ points: text.list(text.point) }),
  LINESTRING: (text) => ({ lines: [text.line()] }),
  MULTILINESTRING: (text) => ({ lines: text.list(text.line) }),
  POLYGON: (text) => ({ polygons: [text.polygon()] }),
  MULTIPOLYGON: (text) => ({ polygons: text.list(text.polygon) }),
  GEOMETRYCOLLECTION: (text) => together(text.list(text.geometry)),
};

const EDGE = 180;

/** The WKT of the area inside corners; what reaches across the antimeridian is cut there, as the API wants it. */
export function wktOfArea(corners: readonly Position[]): string {
  const parts = [-360, 0, 360].flatMap((shift) => {
    const here = corners.map(([x, y]): Position => [x + shift, y]);
    const inside = clipped(clipped(here, -EDGE, 1), EDGE, -1);
    return inside.length >= 3 ? [inside] : [];
  });
  const rings = parts.map((part) => `((${[...part, part[0] as Position].map(pair).join(", ")}))`);
  return rings.length === 1 ? `POLYGON ${rings[0]}` : `MULTIPOLYGON (${rings.join(", ")})`;
}

const pair = ([x, y]: Position): string => `${rounded(x)} ${rounded(y)}`;

/** Degrees to some ten metres: no pointer is more exact. */
export const rounded = (degrees: number): number => Math.round(degrees * 10_000) / 10_000 + 0;
