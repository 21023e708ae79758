import { answered, api } from "../../api/client";
import type { SystemStatus } from "../../api/schema";
import { count } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Empty, Link, Panel } from "../basics";
import { Usage } from "../usage";

/** The nodes, and what is used of what they have. */
export function Cluster({ status }: { status: SystemStatus | undefined }) {
  const nodes = useQuery(
    "nodes",
    () => answered(api.GET("/nodes/status/", { params: { query: { page_size: 1000 } } })),
    10,
  );
  const all = nodes.data?.results ?? [];
  const paused = all.filter((one) => one.node.is_paused).length;
  const resources = status?.resources;
  return (
    <Panel
      title="Cluster"
      class="cluster"
      aside={
        nodes.data && (
          <Link to="/nodes">
            {count(all.filter((one) => one.is_online).length)} of {count(all.length)} nodes online
            {paused ? `, ${paused} paused` : ""}
          </Link>
        )
      }
    >
      {resources ? (
        <Usage of={resources} />
      ) : (
        status && <Empty title="Resources are not known">They are once the scheduler runs and a node has joined.</Empty>
      )}
    </Panel>
  );
}
