import { answered, api } from "../api/client";
import type { Strike } from "../api/schema";
import { may } from "../api/session";
import {
  Empty,
  Facts,
  Head,
  Json,
  Link,
  Loaded,
  Panel,
  Status,
  Time,
  Trouble,
  TroubleMark,
} from "../components/basics";
import { type Column, List, listed } from "../components/table";
import { TryFile } from "../components/try-file";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import type { Parts } from "../routes";

const COLUMNS: Column<Strike>[] = [
  {
    title: "Strike",
    order: "name",
    kind: "wide",
    cell: (strike) => <Link to={`/strikes/${strike.id}`}>{titled(strike)}</Link>,
  },
  { title: "Name", kind: "low", cell: (strike) => <code>{strike.name}</code> },
  {
    title: "Status",
    cell: (strike) => (
      <>
        <Status of={strike.job.status} />
        <TroubleMark of={strike.trouble} />
      </>
    ),
  },
  { title: "Job", kind: "number", cell: (strike) => <Link to={`/jobs/${strike.job.id}`}>{strike.job.id}</Link> },
  { title: "Created", order: "created", cell: (strike) => <Time at={strike.created} /> },
  { title: "Last change", order: "last_modified", kind: "low", cell: (strike) => <Time at={strike.last_modified} /> },
];

/** What watches directories. */
export function Strikes() {
  const { cursor: _, ...page } = listed(place.value.query, "name");
  const strikes = useQuery(
    `strikes?${place.value.query}`,
    () => answered(api.GET("/strikes/", { params: { query: page } })),
    5,
  );
  return (
    <>
      <Head title="Strikes" name="Strikes">
        {may("admin") && (
          <Link to="/strikes/new" class="button">
            New Strike
          </Link>
        )}
      </Head>
      <List
        label="Strikes"
        noun="Strike"
        order="name"
        query={strikes}
        columns={COLUMNS}
        empty={
          <Empty title="There is no Strike yet">
            A Strike watches a directory and ingests what arrives there. It needs a{" "}
            <Link to="/workspaces">workspace</Link> to put the files into.
          </Empty>
        }
      />
    </>
  );
}

/** One Strike. */
export function StrikePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const strike = useQuery(
    `strike ${id}`,
    () => answered(api.GET("/strikes/{strike_id}/", { params: { path: { strike_id: id } } })),
    5,
  );
  return (
    <>
      <Head
        name={strike.data ? titled(strike.data) : `Strike ${id}`}
        trail={<Link to="/strikes">Strikes</Link>}
        title={
          <>
            {strike.data ? titled(strike.data) : `Strike ${id}`} {strike.data && <Status of={strike.data.job.status} />}
          </>
        }
      >
        {may("admin") && (
          <Link to={`/strikes/${id}/edit`} class="button">
            Edit
          </Link>
        )}
      </Head>
      <Loaded query={strike}>
        {(found) => (
          <>
            <Trouble of={found.trouble} />
            {found.description && <p class="lead">{found.description}</p>}
            <div class="columns">
              <Panel title="About">
                <Facts
                  of={[
                    ["Name", <code>{found.name}</code>],
                    ["Watches", <code>{String(found.configuration["mount"] ?? "–")}</code>],
                    ["Job", <Link to={`/jobs/${found.job.id}`}>{found.job.id}</Link>],
                    ["Tries of the job", found.job.num_exes],
                    ["Last error", found.job.error ? titled(found.job.error) : "none"],
                    ["Created", <Time at={found.created} />],
                    ["Last change", <Time at={found.last_modified} />],
                  ]}
                />
              </Panel>
              <TryFile strikeId={found.id} />
              <Panel title="Configuration">
                <Json of={found.configuration} label="Configuration" />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
