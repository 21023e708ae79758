import { answered, api, apiRoot } from "../api/client";
import type { QueueStatus, SystemStatus } from "../api/schema";
import { session } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Time } from "../components/basics";
import { PluginsPanel } from "../components/plugins";
import { WaitingPanel } from "../components/waiting";
import { count } from "../lib/format";
import { useQuery } from "../lib/query";
import { useStatus } from "../lib/status";

/** What runs here, and what waits in it. */
export function System() {
  const status = useStatus();
  const version = useQuery("version", () => answered(api.GET("/version/")));
  const queue = useQuery("queue", () => answered(api.GET("/queue/status/")), 3);
  const who = session.value;
  return (
    <>
      <Head title="System" name="System">
        <Link to="/configuration" class="button">
          Configuration
        </Link>
        <a class="button" href={`${apiRoot}/docs/`}>
          API documentation
        </a>
      </Head>
      <div class="columns">
        <Panel title="Scheduler">
          <Loaded query={status}>{(found) => <Facts of={facts(found)} />}</Loaded>
        </Panel>
        <Panel title="Installation">
          <Facts
            of={[
              ["Version", version.data?.version],
              ["API", <code>{apiRoot}</code>],
              [
                "Access",
                who && who !== "unknown" && who.is_access_controlled
                  ? "who asks has to sign in"
                  : "not controlled: nobody is asked who they are",
              ],
            ]}
          />
        </Panel>
      </div>
      <WaitingPanel />
      <Panel title="Queue" flush>
        <Loaded query={queue}>{(found) => <Queue queue={found} />}</Loaded>
      </Panel>
      <PluginsPanel />
    </>
  );
}

function facts({ scheduler, master }: SystemStatus) {
  return [
    ["State", <Badge means={scheduler.is_online ? "good" : "bad"}>{scheduler.is_online ? "online" : "offline"}</Badge>],
    ["Placing jobs", scheduler.is_paused ? <Badge means="warn">paused</Badge> : "yes"],
    ["Host", scheduler.hostname ?? "none has run yet"],
    ["Master", `${master.hostname ?? "not known"}${master.port ? `:${master.port}` : ""}`],
    ["Master is online", master.is_online ? "yes" : "no"],
    ["Last heard", <Time at={master.last_heard} />],
    ["Offers held", count(master.offers_held)],
  ] as const;
}

function Queue({ queue }: { queue: QueueStatus }) {
  if (!queue.queue_status.length) return <Empty title="Nothing is queued">All that can run runs.</Empty>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col" class="wide">
              Job type
            </th>
            <th scope="col" class="number">
              Queued
            </th>
            <th scope="col" class="number">
              Best priority
            </th>
            <th scope="col">Longest since</th>
          </tr>
        </thead>
        <tbody>
          {queue.queue_status.map((one) => (
            <tr key={`${one.job_type_name} ${one.job_type_version}`}>
              <td class="wide">
                <Link to={`/jobs?status=QUEUED&job_type_name=${encodeURIComponent(one.job_type_name)}`}>
                  {one.job_type_name}
                </Link>{" "}
                <small>{one.job_type_version}</small> {one.is_job_type_paused && <Badge means="warn">paused</Badge>}
              </td>
              <td class="number">{count(one.count)}</td>
              <td class="number">{one.highest_priority}</td>
              <td>
                <Time at={one.longest_queued} relative />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
