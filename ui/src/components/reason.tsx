import { ApiError } from "../api/problem";
import type { JobDetails, JobExecutionSummary } from "../api/schema";
import { titled } from "../lib/format";
import { FAULTS } from "../lib/states";
import { Badge, Link, Problem } from "./basics";

/** What the last execution of a job said of its end; or that it could not be asked. */
export type Said = string | null | ApiError;

/** Why a job failed: the error, who is at fault, what the execution said, and how its exit code became that error. */
export function Reason({ job, said }: { job: JobDetails; said: Said }) {
  const execution = job.job_exes[0];
  const error = execution?.error ?? job.error;
  if (!error) return null;
  return (
    <section class="panel failure" aria-labelledby="reason">
      <header>
        <h2 id="reason">{titled(error)}</h2>
        <Badge means="bad">{error.category}</Badge>
        <span class="hint">At fault: {FAULTS[error.category]}</span>
      </header>
      <div class="body">
        {error.description && <p>{error.description}</p>}
        {said instanceof ApiError ? <Problem error={said} /> : said && <p class="said">{said}</p>}
        {execution && <Mapping job={job} execution={execution} name={error.name} />}
      </div>
    </section>
  );
}

function Mapping({ job, execution, name }: { job: JobDetails; execution: JobExecutionSummary; name: string }) {
  const code = execution.job_exit_code;
  if (!code) return null;
  return (
    <p class="hint">
      Exit code <code>{code}</code> of the job is the error <code>{name}</code>: the error mapping of{" "}
      <Link to={`/job-types/${job.job_type.id}`}>{titled(job.job_type)}</Link> says which is which.
    </p>
  );
}
