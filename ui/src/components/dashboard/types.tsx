import type { JobTypeStatus } from "../../api/schema";
import { count, titled } from "../../lib/format";
import type { Past } from "../../lib/past";
import type { Query } from "../../lib/query";
import { tally } from "../../lib/tally";
import { Badge, Empty, Link, Loaded, Panel } from "../basics";

/** The job types, and how their jobs fare. */
export function Types({ query, past }: { query: Query<{ results: JobTypeStatus[] }>; past: Past }) {
  return (
    <Panel title={`Job types, past ${past.title}`} aside={<Link to="/job-types">All job types</Link>}>
      <Loaded query={query}>
        {({ results }) => {
          const shown = results.filter((one) => !one.job_type.is_system);
          return shown.length === 0 ? (
            <Empty title="There are no job types yet">
              A job type says how an algorithm is run: import a configuration with `scale config import`, or POST
              /job-types/.
            </Empty>
          ) : (
            <ul class="types">
              {shown.map((one) => (
                <li key={one.job_type.id}>
                  <TypeCard status={one} past={past} />
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function TypeCard({ status, past }: { status: JobTypeStatus; past: Past }) {
  const type = status.job_type;
  const counts = tally(status.job_counts);
  const lead = (state: string) => `/jobs?job_type_id=${type.id}&status=${state}&started=${past.started}`;
  return (
    <article class={counts.FAILED ? "card failing" : "card"}>
      <h3>
        <Link to={`/job-types/${type.id}`}>{titled(type)}</Link> <small>{type.version}</small>
      </h3>
      {type.is_paused && <Badge means="warn">Paused</Badge>}
      <p class="counts">
        {(["RUNNING", "QUEUED", "FAILED", "COMPLETED"] as const).map((state) => (
          <Link key={state} to={lead(state)} class={counts[state] ? state.toLowerCase() : "zero"}>
            <b>{count(counts[state])}</b> {state.toLowerCase()}
          </Link>
        ))}
      </p>
    </article>
  );
}
