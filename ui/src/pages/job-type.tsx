import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { JobTypeDetails } from "../api/schema";
import { may } from "../api/session";
import { Badge, Facts, Head, Json, Link, Loaded, Panel, Time } from "../components/basics";
import { Confirm } from "../components/dialog";
import { JobCounts } from "../components/job-counts";
import { JobTypeHistory } from "../components/job-type-history";
import { decimal, mib, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

/** One job type: how its jobs do, and how they are run. */
export function JobTypePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const type = useQuery(
    `job type ${id}`,
    () => answered(api.GET("/job-types/{job_type_id}/", { params: { path: { job_type_id: id } } })),
    5,
  );
  return (
    <>
      <Head
        name={type.data ? titled(type.data) : `Job type ${id}`}
        trail={<Link to="/job-types">Job types</Link>}
        title={
          type.data ? (
            <>
              {titled(type.data)} <small>{type.data.version}</small>{" "}
              {type.data.is_paused && <Badge means="warn">paused</Badge>}
            </>
          ) : (
            `Job type ${id}`
          )
        }
      >
        {type.data && (
          <Link to={`/jobs?job_type_id=${id}`} class="button">
            Its jobs
          </Link>
        )}
        {type.data && !type.data.is_system && may("admin") && (
          <>
            <Link to={`/job-types/new?like=${id}`} class="button">
              New version
            </Link>
            <Link to={`/job-types/${id}/edit`} class="button">
              Edit
            </Link>
            <Pause type={type.data} changed={type.refresh} />
          </>
        )}
      </Head>
      <Loaded query={type}>{(found) => <Body type={found} />}</Loaded>
    </>
  );
}

function Pause({ type, changed }: { type: JobTypeDetails; changed: () => Promise<void> }) {
  const [isAsking, ask] = useState(false);
  const verb = type.is_paused ? "Resume" : "Pause";
  return (
    <>
      <button type="button" onClick={() => ask(true)}>
        {verb}…
      </button>
      {isAsking && (
        <Confirm
          title={`${verb} ${titled(type)}?`}
          verb={verb}
          close={() => ask(false)}
          act={async () => {
            const body = { is_paused: !type.is_paused };
            await answered(
              api.PATCH("/job-types/{job_type_id}/", { params: { path: { job_type_id: type.id } }, body }),
            );
            await changed();
          }}
        >
          <p>
            {type.is_paused
              ? "Its queued jobs are placed again."
              : "None of its jobs leaves the queue until it is resumed. What runs goes on."}
          </p>
        </Confirm>
      )}
    </>
  );
}

function Body({ type }: { type: JobTypeDetails }) {
  return (
    <>
      {type.description && <p class="lead">{type.description}</p>}
      <Panel title="Its jobs" flush>
        <JobCounts
          id={type.id}
          spans={[
            ["Past 6 hours", "PT6H", type.job_counts_6h],
            ["Past 12 hours", "PT12H", type.job_counts_12h],
            ["Past 24 hours", "P1D", type.job_counts_24h],
          ]}
        />
      </Panel>
      <div class="columns">
        <JobTypeHistory type={type} />
        <Panel title="About">
          <Facts of={about(type)} />
        </Panel>
        <Panel title="Interface">
          <Json of={type.interface} label="Interface" />
        </Panel>
        <Panel title="Errors">
          <Errors type={type} />
        </Panel>
        {type.trigger_rule && (
          <Panel
            title={`${type.trigger_rule.type} rule`}
            aside={!type.trigger_rule.is_active && <Badge means="warn">inactive</Badge>}
          >
            <Json of={type.trigger_rule.configuration} label="Trigger rule" />
          </Panel>
        )}
      </div>
    </>
  );
}

function about(type: JobTypeDetails) {
  return [
    ["Name", <code>{type.name}</code>],
    ["Revision", type.revision_num],
    ["Category", type.category ?? "none"],
    ["Author", type.author_name ?? "not known"],
    ["Image", type.docker_image ? <code>{type.docker_image}</code> : "none: it runs without a container"],
    [
      "Needs",
      `${decimal(type.cpus_required)} CPUs, ${mib(type.mem_required)} memory, ${mib(type.disk_out_const_required)} disk`,
    ],
    ["Priority", type.priority],
    ["Time limit", type.timeout ? `${type.timeout} s` : "none"],
    ["Tries", Math.max(1, type.max_tries)],
    ["At the same time", type.max_scheduled ?? "any number"],
    ["Operational", type.is_operational ? "yes" : "no"],
    ["Last change", <Time at={type.last_modified} />],
  ] as const;
}

function Errors({ type }: { type: JobTypeDetails }) {
  const codes = Object.entries((type.error_mapping["exit_codes"] ?? {}) as Record<string, string>);
  const titles = new Map(type.errors.map((error) => [error.name, error]));
  if (!codes.length) return <p class="none">Its exit codes are mapped to no errors: any but 0 is an unknown error.</p>;
  return (
    <Facts
      of={codes.map(([code, name]) => {
        const error = titles.get(name);
        return [`Exit code ${code}`, error ? `${titled(error)} (${error.category})` : name] as const;
      })}
    />
  );
}
