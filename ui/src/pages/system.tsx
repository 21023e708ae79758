import type { ComponentChildren } from "preact";
import { answered, api, apiRoot } from "../api/client";
import type { QueueStatus, SystemStatus } from "../api/schema";
import { session } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Problem, Time } from "../components/basics";
import { PluginsPanel } from "../components/plugins";
import { WaitingReasons, WaitingSum } from "../components/waiting";
import { count } from "../lib/format";
import { useQuery } from "../lib/query";
import { useStatus } from "../lib/status";

/** What runs here, and what waits in it. */
export function System() {
  const status = useStatus();
  const version = useQuery("version", () => answered(api.GET("/version/")));
  // Both at once: how much there is of the one decides where the other stands.
  const queue = useQuery(
    "queue",
    async () => {
      const [waiting, status] = await Promise.all([
        answered(api.GET("/queue/waiting/")),
        answered(api.GET("/queue/status/")),
      ]);
      return { waiting, status };
    },
    5,
  );
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
          {status.error && <Problem error={status.error} />}
          <Facts of={FACTS.map(([name, told]) => [name, status.data && told(status.data)])} />
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
      <Panel title="What jobs wait for" aside={queue.data && <WaitingSum of={queue.data.waiting} />}>
        <Loaded query={queue}>{({ waiting }) => <WaitingReasons of={waiting} />}</Loaded>
      </Panel>
      <Panel title="Queue" flush>
        <Loaded query={queue}>{({ status }) => <Queue queue={status} />}</Loaded>
      </Panel>
      <PluginsPanel />
    </>
  );
}

/** What there is to say of the scheduler; the names are there before what they name is known. */
const FACTS: readonly (readonly [string, (status: SystemStatus) => ComponentChildren])[] = [
  ["State", ({ scheduler }) => <Online is={scheduler.is_online} />],
  ["Placing jobs", ({ scheduler }) => (scheduler.is_paused ? <Badge means="warn">paused</Badge> : "yes")],
  ["Host", ({ scheduler }) => scheduler.hostname ?? "none has run yet"],
  ["Master", ({ master }) => `${master.hostname ?? "not known"}${master.port ? `:${master.port}` : ""}`],
  ["Master is online", ({ master }) => (master.is_online ? "yes" : "no")],
  ["Last heard", ({ master }) => <Time at={master.last_heard} />],
  ["Offers held", ({ master }) => count(master.offers_held)],
];

function Online({ is }: { is: boolean }) {
  return <Badge means={is ? "good" : "bad"}>{is ? "online" : "offline"}</Badge>;
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
