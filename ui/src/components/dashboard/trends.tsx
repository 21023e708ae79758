import { answered, api } from "../../api/client";
import { useQuery } from "../../lib/query";
import { hourly } from "../../lib/scales";
import { now } from "../../lib/time";
import { Empty, Link, Loaded, Panel } from "../basics";
import { AreaChart, BarChart } from "../chart";

const HOURS = 24;

/** How much there was to do, over time. */
export function Load() {
  const load = useQuery(
    "load",
    () => answered(api.GET("/load/", { params: { query: { started: "PT6H", page_size: 1000 } } })),
    30,
  );
  return (
    <Panel title="Jobs, past 6 hours" class="trend" aside={<span class="hint">with Scale’s own</span>}>
      <Loaded query={load}>
        {({ results }) =>
          results.length < 2 ? (
            <Empty title="No history yet">Jobs are counted each minute; the picture begins after two.</Empty>
          ) : (
            <AreaChart
              label="Jobs that were running, queued and pending in the past 6 hours"
              times={results.map((one) => Date.parse(one.time))}
              series={[
                { name: "Running", tone: "active", values: results.map((one) => one.running_count) },
                { name: "Queued", tone: "waiting", values: results.map((one) => one.queued_count) },
                { name: "Pending", tone: "held", values: results.map((one) => one.pending_count) },
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}

/** How many files came in, over time. */
export function IngestRate() {
  const ingests = useQuery(
    "ingest rate",
    () =>
      answered(
        api.GET("/ingests/status/", { params: { query: { started: "P1D", use_ingest_time: true, page_size: 1000 } } }),
      ),
    30,
  );
  return (
    <Panel title="Files ingested, past 24 hours" class="trend" aside={<Link to="/ingests">Ingests</Link>}>
      <Loaded query={ingests}>
        {({ results }) => {
          const { times, values } = hourly(
            results.flatMap((one) => one.values),
            now.value,
            HOURS,
          );
          return results.length === 0 ? (
            <Empty title="Nothing is watched yet">
              A <Link to="/strikes">Strike</Link> watches a directory and ingests what arrives there.
            </Empty>
          ) : (
            <BarChart
              label="Files ingested in each of the past 24 hours"
              times={times}
              values={values}
              tone="good"
              name="files"
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
