import { useSignal } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";
import { answered, api } from "../api/client";
import { AreaTools, Moment, SEARCHED, searchIn } from "../components/area";
import { Empty, Head, Link, Loaded } from "../components/basics";
import { Choice, Filters, given, Range, Text } from "../components/filters";
import { FoundList, type Hot } from "../components/found";
import { LazyMap } from "../components/lazy-map";
import { type MapKind, SHARED_FILTERS, sharedFilters } from "../components/on-map";
import { Pager } from "../components/pager";
import { listed, type Page, pace } from "../components/table";
import { count } from "../lib/format";
import { type Found, footprintOf, foundFile, foundIngest } from "../lib/found";
import { useQuery } from "../lib/query";
import { go, place } from "../lib/router";
import { areaOf } from "../lib/searched";
import type { Tool } from "../maps/drawing";
import type { Footprint } from "../maps/footprints";

/** How many are shown at first: as many as can be told from one another. */
const SIZE = "200";
const ORDER = "-last_modified";

interface Kind {
  title: string;
  noun: string;
  tone: string;
  find: (query: URLSearchParams) => Promise<Page<Found>>;
}

const asked = (query: URLSearchParams) => ({
  ...listed(query, ORDER, SIZE),
  ...given(query, ...SEARCHED, "started"),
});
const named = (query: URLSearchParams) => given(query, "file_name");

const pageOf = <Row,>(page: Page<Row>, found: (row: Row) => Found): Page<Found> => ({
  ...page,
  results: page.results.map(found),
});

const KINDS: Record<MapKind, Kind> = {
  products: {
    title: "Products",
    noun: "product",
    tone: "good",
    find: async (query) => {
      const params = { query: { ...asked(query), ...named(query) } };
      return pageOf(await answered(api.GET("/products/", { params })), (row) => foundFile("products", row));
    },
  },
  sources: {
    title: "Sources",
    noun: "source file",
    tone: "active",
    find: async (query) => {
      const params = { query: { ...asked(query), ...named(query) } };
      return pageOf(await answered(api.GET("/sources/", { params })), (row) => foundFile("sources", row));
    },
  },
  ingests: {
    title: "Ingests",
    noun: "ingest",
    tone: "waiting",
    find: async (query) =>
      pageOf(await answered(api.GET("/ingests/", { params: { query: asked(query) } })), foundIngest),
  },
};

/** What is asked for, besides an area: that is seen when it is drawn. */
const SUBJECT = ["kind", "file_name", "data_started", "data_ended"];

/** What an address says that the map shows. */
function kindOf(query: URLSearchParams): MapKind {
  const name = query.get("kind");
  return name === "sources" || name === "ingests" ? name : "products";
}

/** Where data is: found in an area and a time, in a list and on a map side by side. */
export function MapPage() {
  const query = place.value.query;
  const name = kindOf(query);
  const kind = KINDS[name];
  const found = useQuery(`map?${query}`, () => kind.find(query), pace(query, 5));
  return (
    <>
      <Head title="Map" name="Map">
        <Link to={`/${name}?${sharedFilters(query)}`} class="button">
          As a list
        </Link>
      </Head>
      <Filters names={[...SHARED_FILTERS]}>
        <Choice
          name="kind"
          label="Show"
          any="Products"
          options={Object.entries(KINDS)
            .filter(([one]) => one !== "products")
            .map(([one, { title }]) => [one, title])}
        />
        {name !== "ingests" && <Text name="file_name" label="File name" hint="the whole name" />}
        <Moment name="data_started" label="Data from" />
        <Moment name="data_ended" label="Data until" />
        <Range />
      </Filters>
      <Loaded query={found}>{(page) => <Sides key={name} page={page} kind={kind} isOld={found.isOld} />}</Loaded>
    </>
  );
}

function Sides({ page, kind, isOld }: { page: Page<Found>; kind: Kind; isOld: boolean }) {
  const [tool, setTool] = useState<Tool | null>(null);
  const hot = useSignal<Hot>({ id: null, isOnMap: false });
  const footprints = useFootprints(page.results, kind.tone);
  const query = place.value.query;
  const area = useMemo(() => areaOf(query), [query.get("bbox"), query.get("geometry")]);
  // What is pointed at changes with every move of the mouse: lines that it has not come to are not drawn again.
  const list = useMemo(() => <FoundList of={page.results} hot={hot} label={kind.title} />, [page.results, kind]);
  const byId = useMemo(() => new Map(page.results.map((one) => [one.id, one])), [page.results]);
  return (
    <>
      <AreaTools tool={tool} take={setTool} />
      <div class={isOld ? "map-and-list old" : "map-and-list"} aria-busy={isOld}>
        <div class="map">
          <LazyMap
            label={`Map of ${kind.title.toLowerCase()}`}
            footprints={footprints}
            subject={isOld ? null : SUBJECT.map((one) => query.get(one)).join("&")}
            area={area}
            hot={hot.value.id}
            point={(id) => {
              hot.value = { id, isOnMap: true };
            }}
            choose={(id) => go(byId.get(id)?.to ?? "/map")}
            tool={tool}
            drawn={(drawnWith, corners) => {
              setTool(null);
              if (corners) searchIn(drawnWith, corners);
            }}
          />
        </div>
        <div class="list">
          {page.results.length < page.count && !page.previous && (
            <p class="hint">
              The newest {count(page.results.length)} of {count(page.count)} are shown; an area or a time finds the
              others.
            </p>
          )}
          {page.results.length ? (
            list
          ) : (
            <Nothing kind={kind} isSearched={SHARED_FILTERS.some((one) => query.has(one))} />
          )}
          <Pager page={page} noun={kind.noun} size={SIZE} />
        </div>
      </div>
    </>
  );
}

function Nothing({ kind, isSearched }: { kind: Kind; isSearched: boolean }) {
  return isSearched ? (
    <Empty title={`No ${kind.noun} fits`}>A larger area, a longer time or another kind may have some.</Empty>
  ) : (
    <Empty title={`There is no ${kind.noun} yet`}>
      Files come in by a <Link to="/strikes">Strike</Link>, and jobs make products of them.
    </Empty>
  );
}

/** The footprints of what was found; those of what has not changed are the same as before. */
function useFootprints(found: readonly Found[], tone: string): Footprint[] {
  const known = useRef(new WeakMap<Found, Footprint | null>());
  return useMemo(
    () =>
      found.flatMap((one) => {
        let footprint = known.current.get(one);
        if (footprint === undefined) {
          footprint = footprintOf(one, tone);
          known.current.set(one, footprint);
        }
        return footprint ? [footprint] : [];
      }),
    [found, tone],
  );
}
