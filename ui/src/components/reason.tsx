import { answered, api } from "../api/client";
import type { JobDetails, JobExecutionSummary } from "../api/schema";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { FAULTS } from "../lib/states";
import { Badge, Link, Problem } from "./basics";

/** Why a job failed: the error, who is at fault, what the execution said, and how its exit code became that error. */
export function Reason({ job, execution }: { job: JobDetails; execution: JobExecutionSummary | undefined }) {
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
        {execution && <Said id={execution.id} />}
        {execution && <Mapping job={job} execution={execution} name={error.name} />}
      </div>
    </section>
  );
}

function Said({ id }: { id: number }) {
  const details = useQuery(`execution ${id}`, () =>
    answered(api.GET("/job-executions/{job_exe_id}/", { params: { path: { job_exe_id: id } } })),
  );
  if (details.error) return <Problem error={details.error} />;
  return details.data?.message ? <p class="said">{details.data.message}</p> : null;
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
