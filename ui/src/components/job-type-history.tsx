import { answered, api } from "../api/client";
import type { JobTypeDetails, JobTypeSummary, MetricPlotData } from "../api/schema";
import { type Day, daysOf, rateOf } from "../lib/days";
import { count, percent } from "../lib/format";
import { useQuery } from "../lib/query";
import { Badge, Empty, Link, Loaded, Panel } from "./basics";

interface Known {
  versions: JobTypeSummary[];
  plots: MetricPlotData[];
}

/** All versions of a job type, and how their jobs did in the past month. */
async function ask(name: string): Promise<Known> {
  const { results: versions } = await answered(
    api.GET("/job-types/", { params: { query: { name: [name], order: ["-created"], page_size: 100 } } }),
  );
  const query = {
    choice_id: versions.map((one) => one.id),
    column: ["completed_count", "failed_count"],
    started: "P30D",
  };
  const params = { path: { metric_name: "job-types" }, query };
  const { results: plots } = await answered(api.GET("/metrics/{metric_name}/plot-data/", { params }));
  return { versions, plots };
}

/** How often its jobs failed over time, and its other versions. */
export function JobTypeHistory({ type }: { type: JobTypeDetails }) {
  const known = useQuery(`versions ${type.name}`, () => ask(type.name), 60);
  return (
    <>
      <Panel title="Failure rate, past 30 days" class="history">
        <Loaded query={known}>{({ plots }) => <Days of={daysOf(plots, type.id)} />}</Loaded>
      </Panel>
      <Panel title="Versions" flush>
        <Loaded query={known}>{(found) => <Versions {...found} current={type.id} />}</Loaded>
      </Panel>
    </>
  );
}

function Days({ of }: { of: Day[] }) {
  const rate = rateOf(of);
  if (rate === null)
    return <Empty title="Nothing is counted yet">Jobs that end are counted every quarter of an hour.</Empty>;
  const most = Math.max(...of.map((day) => day.completed + day.failed));
  return (
    <>
      <p>
        <b class="figure">{percent(rate)}</b> of its jobs failed.
      </p>
      <ol class="days" aria-label="Jobs that ended, by day (UTC)">
        {of.map((day) => (
          <li key={day.date} title={inWords(day)}>
            <span class="hidden">{inWords(day)}</span>
            <i class="bad" style={{ height: `${(day.failed / most) * 100}%` }} />
            <i class="good" style={{ height: `${(day.completed / most) * 100}%` }} />
          </li>
        ))}
      </ol>
      <p class="ends hint" aria-hidden="true">
        <span>{of[0]?.date}</span>
        <span>{of.length > 1 && of.at(-1)?.date}</span>
      </p>
    </>
  );
}

const inWords = (day: Day): string =>
  `${day.date}: ${count(day.failed)} failed, ${count(day.completed)} completed, ${percent(rateOf([day]) ?? 0)} failed`;

function Versions({ versions, plots, current }: Known & { current: number }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" class="number">
              Failed
            </th>
            <th scope="col" class="number">
              Completed
            </th>
            <th scope="col" class="number">
              Failure rate
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => {
            const days = daysOf(plots, one.id);
            const rate = rateOf(days);
            return (
              <tr key={one.id}>
                <td>
                  {one.id === current ? (
                    <b aria-current="page">{one.version}</b>
                  ) : (
                    <Link to={`/job-types/${one.id}`}>{one.version}</Link>
                  )}{" "}
                  {!one.is_active && <Badge means="ended">archived</Badge>}
                </td>
                <td class="number">{count(days.reduce((sum, day) => sum + day.failed, 0))}</td>
                <td class="number">{count(days.reduce((sum, day) => sum + day.completed, 0))}</td>
                <td class="number">{rate === null ? <span class="none">–</span> : percent(rate)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
