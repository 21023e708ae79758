import { answered, api } from "../api/client";
import type { JobTypeStatus, SystemStatus } from "../api/schema";
import { may } from "../api/session";
import { Head, Link, Problem } from "../components/basics";
import { Cluster } from "../components/dashboard/cluster";
import { Failures } from "../components/dashboard/failures";
import { Pause } from "../components/dashboard/pause";
import { IngestRate, Load } from "../components/dashboard/trends";
import { Types } from "../components/dashboard/types";
import { count } from "../lib/format";
import { PASTS, type Past, pastOf } from "../lib/past";
import { useQuery } from "../lib/query";
import { place, setQuery } from "../lib/router";
import { useStatus } from "../lib/status";
import { tally } from "../lib/tally";

/** Is it healthy, what runs, what failed? */
export function Dashboard() {
  const status = useStatus();
  const past = pastOf(place.value.query);
  const types = useQuery(
    `types ${past.started}`,
    () => answered(api.GET("/job-types/status/", { params: { query: { started: past.started, page_size: 1000 } } })),
    5,
  );
  return (
    <>
      <Head title="Dashboard" name="Dashboard">
        {may("operator") && <Pause status={status.data} changed={status.refresh} />}
        <PastChoice past={past} />
      </Head>
      {status.error && <Problem error={status.error} />}
      <Vitals status={status.data} types={types.data?.results} past={past} />
      <div class="columns even">
        <Load />
        <IngestRate />
        <Failures types={types.data?.results ?? []} past={past} />
        <Cluster status={status.data} />
      </div>
      <Types query={types} past={past} />
    </>
  );
}

interface Known {
  status: SystemStatus | undefined;
  types: JobTypeStatus[] | undefined;
  past: Past;
}

/** The numbers that tell most; each leads to what it counts, also before it is known. */
function Vitals({ status, types, past }: Known) {
  const counts = types && tally(types.filter((one) => !one.job_type.is_system).flatMap((one) => one.job_counts));
  const tiles: [string, number | undefined, string, string][] = [
    ["Running", counts?.RUNNING, "/jobs?status=RUNNING", "active"],
    ["Queued", status?.queue_depth, "/jobs?status=QUEUED", "waiting"],
    [`Failed, ${past.title}`, counts?.FAILED, `/jobs?status=FAILED&started=${past.started}`, "bad"],
    [`Completed, ${past.title}`, counts?.COMPLETED, `/jobs?status=COMPLETED&started=${past.started}`, "good"],
  ];
  return (
    <ul class="tiles">
      {tiles.map(([title, value, to, means]) => (
        <li key={title}>
          <Link to={to} class={`tile ${means} ${value ? "" : "zero"}`}>
            <b>{value === undefined ? "–" : count(value)}</b>
            {title}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** For which time jobs that have ended are counted; the address keeps it. */
function PastChoice({ past }: { past: Past }) {
  return (
    <select
      aria-label="Jobs that ended in the past"
      value={past.started}
      onChange={(event) => setQuery({ past: event.currentTarget.value })}
    >
      {PASTS.map((one) => (
        <option key={one.started} value={one.started}>
          past {one.title}
        </option>
      ))}
    </select>
  );
}
