import { useRef, useState } from "preact/hooks";
import { answered, api, orError } from "../api/client";
import { ApiError } from "../api/problem";
import type { JobDetails, JobExecutionSummary } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Status, Time, Took } from "../components/basics";
import { BulkChange, type Change } from "../components/bulk";
import { Confirm } from "../components/dialog";
import { FileLinks } from "../components/files";
import { Log } from "../components/log";
import { Reason, type Said } from "../components/reason";
import { Timeline } from "../components/timeline";
import { decimal, mib, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { canCancel, canRequeue, hasEnded } from "../lib/states";
import type { Parts } from "../routes";

/** Whether a job is stopped by an error. */
const isFailure = (job: JobDetails): boolean => job.error !== null && !["COMPLETED", "CANCELED"].includes(job.status);

/** A job with what its last execution said: both are drawn at once, as one stands above all that the other has. */
function useJob(id: number) {
  const [everySeconds, pace] = useState(2);
  const last = useRef<{ execution: number; said: Said } | null>(null);
  const saidBy = async (execution: number): Promise<Said> => {
    if (last.current?.execution === execution) return last.current.said;
    const params = { path: { job_exe_id: execution } };
    const details = await orError(answered(api.GET("/job-executions/{job_exe_id}/", { params })));
    if (details instanceof ApiError) return details;
    last.current = { execution, said: details.message };
    return details.message;
  };
  return useQuery(
    `job ${id}`,
    async () => {
      const job = await answered(api.GET("/jobs/{job_id}/", { params: { path: { job_id: id } } }));
      // What has ended changes only if somebody requeues it.
      pace(hasEnded(job.status) ? 10 : 2);
      const execution = job.job_exes[0];
      return { job, said: execution && isFailure(job) ? await saidBy(execution.id) : null };
    },
    everySeconds,
  );
}

/** One job: what became of it and why, and what can be done about it. */
export function JobPage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const query = useJob(id);
  const job = query.data?.job;
  return (
    <>
      <Head
        name={`Job ${id}`}
        trail={<Link to="/jobs">Jobs</Link>}
        title={
          <>
            Job {id} {job && <Status of={job.status} />}
          </>
        }
      >
        {job && may("operator") && <Actions job={job} changed={query.refresh} />}
      </Head>
      <Loaded query={query}>{(found) => <Body {...found} />}</Loaded>
    </>
  );
}

function Actions({ job, changed }: { job: JobDetails; changed: () => Promise<void> }) {
  const [asked, ask] = useState<Change>();
  const close = () => ask(undefined);
  return (
    <>
      {canRequeue(job.status) && (
        <button type="button" class="primary" onClick={() => ask("requeue")}>
          Requeue…
        </button>
      )}
      {canCancel(job.status) && (
        <button type="button" class="danger" onClick={() => ask("cancel")}>
          Cancel…
        </button>
      )}
      {asked === "requeue" && (
        <BulkChange change="requeue" which={{ job_ids: [job.id] }} close={close} done={changed} />
      )}
      {asked === "cancel" && (
        <Confirm
          title={`Cancel job ${job.id}?`}
          verb="Cancel the job"
          isDangerous
          close={close}
          act={async () => {
            await answered(
              api.PATCH("/jobs/{job_id}/", { params: { path: { job_id: job.id } }, body: { status: "CANCELED" } }),
            );
            await changed();
          }}
        >
          <p>What runs of it is ended, and jobs of recipes that depend on it are blocked. It can be requeued.</p>
        </Confirm>
      )}
    </>
  );
}

function Body({ job, said }: { job: JobDetails; said: Said }) {
  const [chosen, choose] = useState<number>();
  const execution = job.job_exes.find((one) => one.id === chosen) ?? job.job_exes[0];
  return (
    <>
      {isFailure(job) && <Reason job={job} said={said} />}
      {job.waiting_on.length > 0 && <WaitingFor job={job} />}
      <div class="columns wide-left">
        <div>
          <Panel title={`Executions (${job.job_exes.length})`}>
            {job.job_exes.length ? (
              <Timeline executions={job.job_exes} chosen={execution?.id} choose={choose} />
            ) : (
              <Empty title="It has not been queued yet" />
            )}
          </Panel>
          {execution && <Logs key={execution.id} execution={execution} />}
        </div>
        <div>
          <Panel title="About">
            <About job={job} />
          </Panel>
          <Panel title="Inputs">
            <Values values={job.inputs} none="It takes no inputs." />
          </Panel>
          <Panel title="Outputs">
            <Values values={job.outputs} none="It makes no outputs." />
          </Panel>
        </div>
      </div>
    </>
  );
}

function WaitingFor({ job }: { job: JobDetails }) {
  return (
    <Panel title="Waiting" class="attention">
      <ul class="reasons">
        {job.waiting_on.map((one) => (
          <li key={one.reason}>
            <Badge means="warn">{one.reason.replaceAll("_", " ").toLowerCase()}</Badge> {one.message}
            {one.job_ids.map((id) => (
              <Link key={id} to={`/jobs/${id}`}>
                {" "}
                job {id}
              </Link>
            ))}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Logs({ execution }: { execution: JobExecutionSummary }) {
  return (
    <Panel title="Log">
      <Log id={execution.id} first={execution.status === "FAILED" ? "stderr" : "stdout"} />
      <p class="command">
        Arguments <code>{execution.command_arguments || "none"}</code>
      </p>
    </Panel>
  );
}

function About({ job }: { job: JobDetails }) {
  const rule = job.event.rule;
  return (
    <Facts
      of={[
        [
          "Job type",
          <>
            <Link to={`/job-types/${job.job_type.id}`}>{titled(job.job_type)}</Link> {job.job_type.version}, revision{" "}
            {job.job_type_rev.revision_num}
          </>,
        ],
        ["Started by", rule ? `${rule.type} rule ${rule.title || rule.name}` : job.event.type],
        [
          "Recipes",
          job.recipes.length
            ? job.recipes.map((recipe) => (
                <Link key={recipe.id} to={`/recipes/${recipe.id}`}>
                  {titled(recipe.recipe_type)} {recipe.id}{" "}
                </Link>
              ))
            : "none",
        ],
        ["Created", <Time at={job.created} />],
        ["Queued", <Time at={job.queued} />],
        ["Started", <Time at={job.started} />],
        ["Ended", <Time at={job.ended} />],
        ["Ran for", <Took from={job.started} to={job.ended} />],
        ["Tries", `${job.num_exes} of at most ${Math.max(1, job.max_tries)}`],
        ["Priority", job.priority],
        ["Time limit", job.timeout ? `${job.timeout} s` : "none"],
        [
          "Needs",
          `${decimal(job.cpus_required)} CPUs, ${mib(job.mem_required)} memory, ${mib(job.disk_in_required + job.disk_out_required)} disk`,
        ],
      ]}
    />
  );
}

function Values({ values, none }: { values: JobDetails["inputs"] | JobDetails["outputs"]; none: string }) {
  if (!values.length) return <p class="none">{none}</p>;
  return (
    <Facts
      of={values.map((one) => [
        one.name,
        one.value === null ? (
          <span class="none">none</span>
        ) : typeof one.value === "string" ? (
          one.value
        ) : (
          <FileLinks of={one.value} />
        ),
      ])}
    />
  );
}
