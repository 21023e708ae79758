/** A line of a text diff. */
export interface DiffLine {
  sign: "+" | "-" | " ";
  text: string;
}

/** How one text becomes another, line by line, with as few changes as can be. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, young] = [before.split("\n"), after.split("\n")];
  const common = commonTable(old, young);
  const found: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      found.push({ sign: " ", text: old[i++] as string });
      j++;
    } else if (j >= young.length || (i < old.length && at(common, i + 1, j) >= at(common, i, j + 1))) {
      found.push({ sign: "-", text: old[i++] as string });
    } else {
      found.push({ sign: "+", text: young[j++] as string });
    }
  }
  return found;
}

const at = (table: Uint32Array[], i: number, j: number): number => table[i]?.[j] ?? 0;

/** How many lines the rests of both texts have in common, from each place on. */
function commonTable(old: string[], young: string[]): Uint32Array[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint32Array(young.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = young.length - 1; j >= 0; j--) {
      (table[i] as Uint32Array)[j] =
        old[i] === young[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}
