import { useRef } from "preact/hooks";
import { answered, api } from "../api/client";
import type { Metric, MetricDetails } from "../api/schema";
import { Empty, Head, Loaded, Panel } from "../components/basics";
import { Choice } from "../components/filters";
import { Choices, Columns, chosen, columnsOf, Kind, titleOf } from "../components/metric-choice";
import { Drawn, Exports } from "../components/metric-plots";
import type { PlotKind } from "../components/plot";
import { plotted } from "../lib/plot";
import { useQuery } from "../lib/query";
import { place, setQuery } from "../lib/router";

const SPANS = [
  ["P7D", "past week"],
  ["P31D", "past month"],
  ["P365D", "past year"],
  ["dates", "between dates"],
] as const;

/** What there is to plot, and the plot; all that is chosen is in the address. */
export function Metrics() {
  const metrics = useQuery("metrics", () => answered(api.GET("/metrics/", { params: { query: { page_size: 1000 } } })));
  return (
    <Loaded query={metrics}>
      {(page) => {
        const wanted = place.value.query.get("metric");
        const metric = page.results.find((one) => one.name === wanted) ?? page.results[0];
        return metric ? <Builder key={metric.name} metrics={page.results} metric={metric} /> : <None />;
      }}
    </Loaded>
  );
}

function None() {
  return (
    <>
      <Head title="Metrics" name="Metrics" />
      <Empty title="There are no metrics">A plugin for metrics brings some.</Empty>
    </>
  );
}

function Builder({ metrics, metric }: { metrics: Metric[]; metric: Metric }) {
  const details = useQuery(`metric ${metric.name}`, () =>
    answered(api.GET("/metrics/{metric_name}/", { params: { path: { metric_name: metric.name } } })),
  );
  return (
    <Loaded query={details}>
      {(found) => (
        <Plots metric={found}>
          <Panel title="What">
            <Kind metrics={metrics} metric={metric} />
            <Columns metric={metric} />
          </Panel>
          <Choices metric={found} />
        </Plots>
      )}
    </Loaded>
  );
}

/** The span that the address says, as the API takes it: by day, in UTC. */
function span(query: URLSearchParams): { started?: string; ended?: string } {
  const kind = query.get("span");
  if (kind !== "dates") return kind ? { started: kind } : {};
  const day = (name: string) => {
    const value = query.get(name);
    return value ? `${value}T00:00:00.000Z` : undefined;
  };
  const [from, to] = [day("from"), day("to")];
  return { ...(from ? { started: from } : {}), ...(to ? { ended: to } : {}) };
}

function Plots({ metric, children }: { metric: MetricDetails; children: preact.ComponentChildren }) {
  const query = place.value.query;
  const ids = new Set(metric.choices.map((one) => String(one["id"])));
  const asked = {
    column: columnsOf(metric),
    choice_id: chosen("choice")
      .filter((id) => ids.has(id))
      .map(Number),
    ...span(query),
    page_size: 1000,
  };
  const data = useQuery(
    `plot ${metric.name} ${JSON.stringify(asked)}`,
    () =>
      answered(
        api.GET("/metrics/{metric_name}/plot-data/", {
          params: { path: { metric_name: metric.name }, query: asked },
        }),
      ),
    60,
  );
  const titles = new Map(metric.choices.map((one) => [Number(one["id"]), titleOf(one)]));
  const plots = data.data && plotted(data.data.results, titles);
  const area = useRef<HTMLDivElement>(null);
  const kind: PlotKind = query.get("kind") === "bar" ? "bar" : "line";
  return (
    <>
      <Head title="Metrics" name="Metrics">
        {plots && <Exports metric={metric} plots={plots} area={area} />}
      </Head>
      <Span kind={kind} />
      <div class="builder">
        <aside>{children}</aside>
        <div ref={area} class="plots" style={roomOf(metric, asked)}>
          <Loaded query={data}>{() => plots && <Drawn metric={metric} plots={plots} kind={kind} />}</Loaded>
        </div>
      </div>
    </>
  );
}

/** How much there will be to see: where what is chosen stands below, it does not move when the numbers arrive. */
function roomOf(metric: MetricDetails, { column, choice_id }: { column: string[]; choice_id: number[] }) {
  const units = metric.columns.filter((one) => column.includes(one.name)).map((one) => one.units);
  return { "--plots": new Set(units).size, "--lines": column.length * Math.max(1, choice_id.length) };
}

function Span({ kind }: { kind: PlotKind }) {
  const query = place.value.query;
  return (
    <search class="filters">
      <Choice name="span" label="Time (UTC)" options={SPANS} any="past 90 days" />
      {query.get("span") === "dates" && (
        <>
          <Day name="from" label="From" />
          <Day name="to" label="To" />
        </>
      )}
      <label>
        <span>Drawn as</span>
        <select value={kind} onChange={(event) => setQuery({ kind: event.currentTarget.value })}>
          <option value="line">lines</option>
          <option value="bar">bars</option>
        </select>
      </label>
    </search>
  );
}

function Day({ name, label }: { name: string; label: string }) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="date"
        value={place.value.query.get(name) ?? ""}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}
