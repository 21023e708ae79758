/** A knot of a graph without circles, and those that it comes after. */
export interface Knot {
  name: string;
  after: readonly string[];
}

/** Where a knot is: its column, and its row in it. */
export interface Spot {
  name: string;
  column: number;
  row: number;
}

/**
 * Columns from left to right so that each knot is right of all that it comes after; rows so that edges are short.
 *
 * Names that are not in the graph are left out. A circle does no harm: an edge that closes one counts for nothing.
 */
export function layers(knots: readonly Knot[]): Spot[] {
  const byName = new Map(knots.map((knot) => [knot.name, knot]));
  const columns = new Map<string, number>();
  const open = new Set<string>();
  const column = (name: string): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    open.add(name);
    const before = (byName.get(name)?.after ?? []).filter((one) => byName.has(one) && !open.has(one));
    const found = before.length ? Math.max(...before.map(column)) + 1 : 0;
    open.delete(name);
    columns.set(name, found);
    return found;
  };
  const rows = new Map<string, number>();
  const spots: Spot[] = [];
  const last = Math.max(-1, ...knots.map((knot) => column(knot.name)));
  for (let index = 0; index <= last; index++) {
    const members = knots.filter((knot) => columns.get(knot.name) === index);
    const wish = new Map(members.map((knot, position) => [knot.name, middle(knot, rows) ?? position]));
    members.sort((a, b) => (wish.get(a.name) ?? 0) - (wish.get(b.name) ?? 0));
    for (const [row, knot] of members.entries()) {
      rows.set(knot.name, row);
      spots.push({ name: knot.name, column: index, row });
    }
  }
  return spots;
}

/** The mean row of those that a knot comes after. */
function middle(knot: Knot, rows: ReadonlyMap<string, number>): number | undefined {
  const found = knot.after.map((name) => rows.get(name)).filter((row) => row !== undefined);
  return found.length ? found.reduce((sum, row) => sum + row, 0) / found.length : undefined;
}
