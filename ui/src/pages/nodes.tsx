import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { Node, NodeDetails, NodeStatus, RunningJobExecution } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Time, Took } from "../components/basics";
import { Confirm } from "../components/dialog";
import { Field } from "../components/field";
import { Usage } from "../components/usage";
import { count, decimal, mib, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

/** The machines, what runs on each, and whether they may be given more. */
export function Nodes() {
  const nodes = useQuery(
    "nodes",
    () => answered(api.GET("/nodes/status/", { params: { query: { page_size: 1000 } } })),
    3,
  );
  return (
    <>
      <Head title="Nodes" name="Nodes" />
      <Loaded query={nodes}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty title="No node has joined">
              On one machine, `scale up` is the node; on a cluster, nodes join once the scheduler has been offered them.
            </Empty>
          ) : (
            <ul class="cards">
              {results.map((one) => (
                <li key={one.node.id}>
                  <NodeCard status={one} changed={nodes.refresh} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}

function NodeCard({ status, changed }: { status: NodeStatus; changed: () => Promise<void> }) {
  const { node } = status;
  return (
    <Panel
      title={<Link to={`/nodes/${node.id}`}>{node.hostname}</Link>}
      aside={
        <>
          <Badge means={status.is_online ? "good" : "bad"}>{status.is_online ? "online" : "offline"}</Badge>
          {node.is_paused && <Badge means="warn">{node.is_paused_errors ? "paused for its failures" : "paused"}</Badge>}
          {may("operator") && <Pause node={node} changed={changed} />}
        </>
      }
    >
      {node.pause_reason && <p class="said">{node.pause_reason}</p>}
      <Facts
        of={[
          ["Node", node.id],
          ["Last offer", <Time at={node.last_offer} />],
          ["Past 3 hours", <Counts status={status} />],
        ]}
      />
      <h3>Running ({count(status.job_exes_running.length)})</h3>
      <Running executions={status.job_exes_running} />
    </Panel>
  );
}

function Running({ executions }: { executions: RunningJobExecution[] }) {
  if (!executions.length) return <p class="none">Nothing runs on it.</p>;
  return (
    <ul class="rows">
      {executions.map((execution) => (
        <li key={execution.id}>
          <Link to={`/jobs/${execution.job.id}`}>
            <b>{titled(execution.job.job_type)}</b> {execution.job.id}
          </Link>
          <span class="reason">
            {decimal(execution.cpus_scheduled)} CPUs, {mib(execution.mem_scheduled)}
          </span>
          <Took from={execution.started} to={null} />
        </li>
      ))}
    </ul>
  );
}

/** One node: what it has, what is given away of it, and what runs on it. */
export function NodePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const node = useQuery(
    `node ${id}`,
    () => answered(api.GET("/nodes/{node_id}/", { params: { path: { node_id: id } } })),
    2,
  );
  return (
    <>
      <Head
        name={node.data?.hostname ?? `Node ${id}`}
        trail={<Link to="/nodes">Nodes</Link>}
        title={
          <>
            {node.data?.hostname ?? `Node ${id}`} {node.data?.is_paused && <Badge means="warn">paused</Badge>}
            {node.data?.disconnected && <Badge means="bad">disconnected</Badge>}
          </>
        }
      >
        {node.data && may("operator") && <Pause node={node.data} changed={node.refresh} />}
      </Head>
      <Loaded query={node}>{(found) => <Body node={found} />}</Loaded>
    </>
  );
}

function Body({ node }: { node: NodeDetails }) {
  return (
    <>
      {node.pause_reason && <p class="said">{node.pause_reason}</p>}
      <div class="columns">
        <Panel title="Resources">
          {node.resources ? (
            <Usage of={node.resources} />
          ) : (
            <Empty title="Not known">They are once the node has been heard of.</Empty>
          )}
        </Panel>
        <Panel title="About">
          <Facts
            of={[
              ["Node", node.id],
              ["Known to the cluster as", <code>{node.slave_id || "–"}</code>],
              ["Active", node.is_active ? "yes" : "no: it has been removed"],
              ["Last offer", <Time at={node.last_offer} />],
              ["Created", <Time at={node.created} />],
            ]}
          />
        </Panel>
        <Panel title={`Running (${count(node.job_exes_running.length)})`}>
          <Running executions={node.job_exes_running} />
        </Panel>
      </div>
    </>
  );
}

function Counts({ status }: { status: NodeStatus }) {
  if (!status.job_exe_counts.length) return <>nothing</>;
  const sums = new Map<string, number>();
  for (const one of status.job_exe_counts) sums.set(one.status, (sums.get(one.status) ?? 0) + one.count);
  return <>{[...sums].map(([name, sum]) => `${count(sum)} ${name.toLowerCase()}`).join(", ")}</>;
}

function Pause({ node, changed }: { node: Node; changed: () => Promise<void> }) {
  const [isAsking, ask] = useState(false);
  const [reason, give] = useState("");
  const verb = node.is_paused ? "Resume" : "Pause";
  return (
    <>
      <button type="button" class="small" aria-label={`${verb} ${node.hostname}`} onClick={() => ask(true)}>
        {verb}…
      </button>
      {isAsking && (
        <Confirm
          title={`${verb} ${node.hostname}?`}
          verb={verb}
          close={() => ask(false)}
          act={async () => {
            const body = node.is_paused ? { is_paused: false } : { is_paused: true, pause_reason: reason || null };
            await answered(api.PATCH("/nodes/{node_id}/", { params: { path: { node_id: node.id } }, body }));
            await changed();
          }}
        >
          {(error) => (
            <>
              {node.is_paused ? (
                <p>It is given work again.</p>
              ) : (
                <Field
                  label="Reason, for others who look"
                  pointer="/pause_reason"
                  error={error}
                  value={reason}
                  changed={give}
                />
              )}
              <p class="hint">What runs on it goes on.</p>
            </>
          )}
        </Confirm>
      )}
    </>
  );
}
