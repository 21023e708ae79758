import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { JobDetails, JobExecutionSummary } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Status, Time, Took } from "../components/basics";
import { BulkChange, type Change } from "../components/bulk";
import { Confirm } from "../components/dialog";
import { FileLinks } from "../components/files";
import { Log } from "../components/log";
import { Reason } from "../components/reason";
import { Timeline } from "../components/timeline";
import { decimal, mib, titled } from "../lib/format";
import { type Query, useQuery } from "../lib/query";
import { canCancel, canRequeue, hasEnded } from "../lib/states";
import type { Parts } from "../routes";

/** One job: what became of it and why, and what can be done about it. */
export function JobPage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const [everySeconds, pace] = useState(2);
  const job = useQuery(
    `job ${id}`,
    async () => {
      const found = await answered(api.GET("/jobs/{job_id}/", { params: { path: { job_id: id } } }));
      // What has ended changes only if somebody requeues it.
      pace(hasEnded(found.status) ? 10 : 2);
      return found;
    },
    everySeconds,
  );
  return (
    <>
      <Head
        name={`Job ${id}`}
        trail={<Link to="/jobs">Jobs</Link>}
        title={
          <>
            Job {id} {job.data && <Status of={job.data.status} />}
          </>
        }
      >
        {job.data && may("operator") && <Actions job={job.data} changed={job.refresh} />}
      </Head>
      <Loaded query={job}>{(found) => <Body job={found} query={job} />}</Loaded>
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

function Body({ job }: { job: JobDetails; query: Query<JobDetails> }) {
  const [chosen, choose] = useState<number>();
  const execution = job.job_exes.find((one) => one.id === chosen) ?? job.job_exes[0];
  return (
    <>
      {job.error && !["COMPLETED", "CANCELED"].includes(job.status) && <Reason job={job} execution={job.job_exes[0]} />}
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
