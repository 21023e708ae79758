import { answered, api } from "../api/client";
import type { Workspace } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Json, Link, Loaded, Meter, Panel, Time } from "../components/basics";
import { type Column, List, listed } from "../components/table";
import { bytes, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import type { Parts } from "../routes";

const active = (workspace: Workspace) => (
  <Badge means={workspace.is_active ? "good" : "ended"}>{workspace.is_active ? "active" : "archived"}</Badge>
);

const COLUMNS: Column<Workspace>[] = [
  {
    title: "Workspace",
    order: "name",
    kind: "wide",
    cell: (one) => <Link to={`/workspaces/${one.id}`}>{titled(one)}</Link>,
  },
  { title: "Name", kind: "low", cell: (one) => <code>{one.name}</code> },
  { title: "State", cell: active },
  { title: "Used", kind: "number", cell: (one) => (one.used_size === null ? "–" : bytes(one.used_size)) },
  { title: "Size", kind: "number", cell: (one) => (one.total_size === null ? "–" : bytes(one.total_size)) },
  { title: "Created", order: "created", kind: "low", cell: (one) => <Time at={one.created} /> },
  { title: "Last change", order: "last_modified", cell: (one) => <Time at={one.last_modified} /> },
];

/** Where files are stored. */
export function Workspaces() {
  const { cursor: _, ...page } = listed(place.value.query, "name");
  const workspaces = useQuery(
    `workspaces?${place.value.query}`,
    () => answered(api.GET("/workspaces/", { params: { query: page } })),
    10,
  );
  return (
    <>
      <Head title="Workspaces" name="Workspaces">
        {may("admin") && (
          <Link to="/workspaces/new" class="button">
            New workspace
          </Link>
        )}
      </Head>
      <List
        label="Workspaces"
        noun="workspace"
        order="name"
        query={workspaces}
        columns={COLUMNS}
        empty={
          <Empty title="There is no workspace yet">
            A workspace is a place where files are stored, reached through a broker. Strikes and jobs put files there.
          </Empty>
        }
      />
    </>
  );
}

/** One workspace. */
export function WorkspacePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const workspace = useQuery(
    `workspace ${id}`,
    () => answered(api.GET("/workspaces/{workspace_id}/", { params: { path: { workspace_id: id } } })),
    10,
  );
  return (
    <>
      <Head
        name={workspace.data ? titled(workspace.data) : `Workspace ${id}`}
        trail={<Link to="/workspaces">Workspaces</Link>}
        title={
          <>
            {workspace.data ? titled(workspace.data) : `Workspace ${id}`} {workspace.data && active(workspace.data)}
          </>
        }
      >
        {may("admin") && (
          <Link to={`/workspaces/${id}/edit`} class="button">
            Edit
          </Link>
        )}
      </Head>
      <Loaded query={workspace}>
        {(found) => (
          <>
            {found.description && <p class="lead">{found.description}</p>}
            <div class="columns">
              <Panel title="About">
                <Space workspace={found} />
                <Facts
                  of={[
                    ["Name", <code>{found.name}</code>],
                    ["URL", found.base_url ? <a href={found.base_url}>{found.base_url}</a> : "none"],
                    ["Created", <Time at={found.created} />],
                    ["Archived", <Time at={found.archived} />],
                    ["Last change", <Time at={found.last_modified} />],
                  ]}
                />
              </Panel>
              <Panel title="Configuration">
                <Json of={found.json_config} label="Configuration" />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

function Space({ workspace }: { workspace: Workspace }) {
  const { used_size, total_size } = workspace;
  if (used_size === null || !total_size) return null;
  return <Meter label="Space" share={used_size / total_size} text={`${bytes(used_size)} of ${bytes(total_size)}`} />;
}
