import type { JobStatusCount } from "../api/schema";
import { count, percent } from "../lib/format";
import { failureRate, tally } from "../lib/tally";
import { Link } from "./basics";

const SHOWN = ["RUNNING", "QUEUED", "FAILED", "COMPLETED", "CANCELED"] as const;

/** How the jobs of a job type did in some spans of time, each named, and written as a period. */
export function JobCounts({ id, spans }: { id: number; spans: [string, string, JobStatusCount[]][] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Time range</span>
            </th>
            {SHOWN.map((status) => (
              <th key={status} scope="col" class="number">
                {status}
              </th>
            ))}
            <th scope="col" class="number">
              Failure rate
            </th>
          </tr>
        </thead>
        <tbody>
          {spans.map(([title, started, counts]) => {
            const rate = failureRate(counts);
            const sums = tally(counts);
            return (
              <tr key={title}>
                <th scope="row">{title}</th>
                {SHOWN.map((status) => (
                  <td key={status} class="number">
                    {sums[status] ? (
                      <Link to={`/jobs?job_type_id=${id}&status=${status}&started=${started}`}>
                        {count(sums[status])}
                      </Link>
                    ) : (
                      <span class="none">0</span>
                    )}
                  </td>
                ))}
                <td class="number">{rate === null ? <span class="none">–</span> : percent(rate)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
