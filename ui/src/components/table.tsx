import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Query } from "../lib/query";
import { place, setQuery } from "../lib/router";
import { Loaded } from "./basics";
import { Pager, SIZES } from "./pager";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** The field to order by: one that costs the same however long the list is. */
  order?: string;
  /** Numbers stand at the right; `wide` takes what room there is; `low` leaves where there is little. */
  kind?: "number" | "wide" | "low";
}

/** A page of a list, as the API has it. */
export interface Page<Row> {
  count: number;
  next: string | null;
  previous: string | null;
  results: Row[];
}

interface Selection {
  ids: ReadonlySet<number>;
  change: (ids: ReadonlySet<number>) => void;
  /** What is selected, such as "job". */
  noun: string;
}

interface Props<Row extends { id: number }> {
  label: string;
  query: Query<Page<Row>>;
  columns: Column<Row>[];
  noun: string;
  /** The order of a list whose address names none. */
  order: string;
  empty: ComponentChildren;
  selection?: Selection | undefined;
}

/** A list of the API: sorted, and turned page by page, by links of the API; order and page are in the address. */
export function List<Row extends { id: number }>(props: Props<Row>) {
  return (
    <Loaded query={props.query}>
      {(page) =>
        page.results.length === 0 && !page.previous ? (
          props.empty
        ) : (
          <div class={props.query.isOld ? "list old" : "list"} aria-busy={props.query.isOld}>
            <div class="scroll" tabIndex={0} role="region" aria-label={props.label}>
              <table>
                <Header {...props} rows={page.results} />
                <tbody>
                  {page.results.map((row) => (
                    <Line
                      key={row.id}
                      row={row}
                      columns={props.columns}
                      selection={props.selection}
                      isSelected={props.selection?.ids.has(row.id) ?? false}
                    />
                  ))}
                </tbody>
              </table>
            </div>
            <Pager page={page} noun={props.noun} />
          </div>
        )
      }
    </Loaded>
  );
}

function Header<Row extends { id: number }>({ columns, selection, rows, ...props }: Props<Row> & { rows: Row[] }) {
  const order = place.value.query.get("order") ?? props.order;
  return (
    <thead>
      <tr>
        {selection && (
          <th class="tick">
            <input
              type="checkbox"
              aria-label={`Select every ${selection.noun} of this page`}
              checked={rows.length > 0 && rows.every((row) => selection.ids.has(row.id))}
              onChange={(event) =>
                selection.change(new Set(event.currentTarget.checked ? rows.map((row) => row.id) : []))
              }
            />
          </th>
        )}
        {columns.map((column) => (
          <th key={column.title} class={column.kind} aria-sort={sorting(order, column.order)} scope="col">
            {column.order ? <Sorter order={order} field={column.order} title={column.title} /> : column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function sorting(order: string, field: string | undefined) {
  if (!field) return undefined;
  return order === field ? "ascending" : order === `-${field}` ? "descending" : "none";
}

function Sorter({ order, field, title }: { order: string; field: string; title: string }) {
  const sign = order === field ? " ↑" : order === `-${field}` ? " ↓" : "";
  return (
    <button
      type="button"
      class="sorter"
      onClick={() => setQuery({ order: order === `-${field}` ? field : `-${field}` })}
    >
      {title}
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

interface LineProps<Row> {
  row: Row;
  columns: Column<Row>[];
  selection: Selection | undefined;
  isSelected: boolean;
}

/** A row; one that has not changed is not drawn again. */
function Line<Row extends { id: number }>({ row, columns, selection, isSelected }: LineProps<Row>) {
  const cells = useMemo(
    () =>
      columns.map((column) => (
        <td key={column.title} class={column.kind}>
          {column.cell(row)}
        </td>
      )),
    [row, columns],
  );
  return (
    <tr>
      {selection && <Tick id={row.id} selection={selection} isSelected={isSelected} />}
      {cells}
    </tr>
  );
}

function Tick({ id, selection, isSelected }: { id: number; selection: Selection; isSelected: boolean }) {
  return (
    <td class="tick">
      <input
        type="checkbox"
        aria-label={`Select ${selection.noun} ${id}`}
        checked={isSelected}
        onChange={(event) => {
          const ids = new Set(selection.ids);
          if (event.currentTarget.checked) ids.add(id);
          else ids.delete(id);
          selection.change(ids);
        }}
      />
    </td>
  );
}

/** After how many seconds a list is asked for again: long pages less often. */
export function pace(query: URLSearchParams, seconds: number): number {
  return seconds * Math.max(1, Number(query.get("page_size") ?? 0) / 100);
}

/** What the address says of order and page of a list, for a request; `size`: how many rows a page has otherwise. */
export function listed(query: URLSearchParams, order: string, size: string = SIZES[0]) {
  const page = query.get("page");
  const cursor = query.get("cursor");
  return {
    page_size: Number(query.get("page_size") ?? size),
    order: [query.get("order") ?? order],
    ...(cursor ? { cursor } : {}),
    ...(page && !cursor ? { page: Number(page) } : {}),
  };
}
