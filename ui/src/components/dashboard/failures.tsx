import { answered, api } from "../../api/client";
import type { JobTypeStatus } from "../../api/schema";
import { count, titled } from "../../lib/format";
import type { Past } from "../../lib/past";
import { useQuery } from "../../lib/query";
import { FAULTS } from "../../lib/states";
import { Empty, Link, Loaded, Panel, Time } from "../basics";

/** What failed last, and how much of whose fault. */
export function Failures({ types, past }: { types: JobTypeStatus[]; past: Past }) {
  const failed = useQuery(
    "failed",
    () =>
      answered(api.GET("/jobs/", { params: { query: { status: "FAILED", order: ["-last_modified"], page_size: 6 } } })),
    5,
  );
  const categories = types.flatMap((one) => one.job_counts).filter((one) => one.category && one.count);
  const sums = new Map<string, number>();
  for (const one of categories) sums.set(one.category as string, (sums.get(one.category as string) ?? 0) + one.count);
  return (
    <Panel title="Failures" class="failures" aside={<Link to="/jobs?status=FAILED">All failed jobs</Link>}>
      <Loaded query={failed}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty title="No job has failed">What fails is shown here, with its reason.</Empty>
          ) : (
            <ul class="rows">
              {results.map((job) => (
                <li key={job.id}>
                  <Link to={`/jobs/${job.id}`}>
                    <b>{titled(job.job_type)}</b> {job.id}
                  </Link>
                  <span class="reason">{job.error ? titled(job.error) : "Unknown error"}</span>
                  <Time at={job.last_status_change} relative />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {sums.size > 0 && (
        <p class="sums">
          Past {past.title}:{" "}
          {[...sums].map(([category, sum]) => (
            <span key={category} title={`At fault: ${FAULTS[category as keyof typeof FAULTS]}`}>
              <b>{count(sum)}</b> {category}
            </span>
          ))}
        </p>
      )}
    </Panel>
  );
}
