import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { ListedScan, ScanDetails } from "../api/schema";
import { may } from "../api/session";
import { Empty, Facts, Head, Json, Link, Loaded, Panel, Status, Time } from "../components/basics";
import { Confirm } from "../components/dialog";
import { ScanProgressPanel } from "../components/scan-progress";
import { type Column, List, listed } from "../components/table";
import { count, plural, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import { hasEnded } from "../lib/states";
import type { Parts } from "../routes";

const COLUMNS: Column<ListedScan>[] = [
  {
    title: "Scan",
    order: "name",
    kind: "wide",
    cell: (scan) => <Link to={`/scans/${scan.id}`}>{titled(scan)}</Link>,
  },
  { title: "Name", kind: "low", cell: (scan) => <code>{scan.name}</code> },
  { title: "Preview", cell: (scan) => (scan.dry_run_job ? <Status of={scan.dry_run_job.status} /> : "–") },
  {
    title: "Ingest",
    cell: (scan) => (
      <>
        {scan.job ? <Status of={scan.job.status} /> : "–"}
        {scan.ingests_canceled > 0 && <small> {plural(scan.ingests_canceled, "file")} canceled</small>}
      </>
    ),
  },
  { title: "Created", order: "created", kind: "low", cell: (scan) => <Time at={scan.created} /> },
  { title: "Last change", order: "last_modified", cell: (scan) => <Time at={scan.last_modified} /> },
];

/** Looks through files that exist. */
export function Scans() {
  const { cursor: _, ...page } = listed(place.value.query, "name");
  const scans = useQuery(
    `scans?${place.value.query}`,
    () => answered(api.GET("/scans/", { params: { query: page } })),
    5,
  );
  return (
    <>
      <Head title="Scans" name="Scans">
        {may("admin") && (
          <Link to="/scans/new" class="button">
            New Scan
          </Link>
        )}
      </Head>
      <List
        label="Scans"
        noun="Scan"
        order="name"
        query={scans}
        columns={COLUMNS}
        empty={
          <Empty title="There is no Scan yet">
            A Scan looks through files that exist, and ingests them once. It tells what it would take before it does.
          </Empty>
        }
      />
    </>
  );
}

/** Whether a job looks through files, or is about to. */
const isRunning = (scan: ScanDetails): boolean => runs(scan.job) || runs(scan.dry_run_job);

const runs = (job: { status: Parameters<typeof hasEnded>[0] } | null): boolean => job !== null && !hasEnded(job.status);

/** One Scan: what it would take, and how far it is. */
export function ScanPage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const scan = useQuery(
    `scan ${id}`,
    () => answered(api.GET("/scans/{scan_id}/", { params: { path: { scan_id: id } } })),
    2,
  );
  const name = scan.data ? titled(scan.data) : `Scan ${id}`;
  return (
    <>
      <Head name={name} trail={<Link to="/scans">Scans</Link>} title={name}>
        {scan.data && may("admin") && <Actions scan={scan.data} changed={scan.refresh} />}
      </Head>
      <Loaded query={scan}>{(found) => <Body scan={found} />}</Loaded>
    </>
  );
}

function Body({ scan }: { scan: ScanDetails }) {
  return (
    <>
      {scan.description && <p class="lead">{scan.description}</p>}
      <div class="columns">
        <ScanProgressPanel title="Preview: what would be taken" progress={scan.preview} job={scan.dry_run_job}>
          Nobody has looked yet: a preview tells what each rule takes, and changes nothing.
        </ScanProgressPanel>
        <ScanProgressPanel title="Ingest" progress={scan.progress} job={scan.job}>
          Nothing has been ingested.
        </ScanProgressPanel>
        <Panel title="About">
          <Facts
            of={[
              ["Name", <code>{scan.name}</code>],
              ...scan.ingests.map((one) => [one.status, count(one.count)] as const),
              ...(scan.ingests_canceled ? [["Canceled", <Canceled number={scan.ingests_canceled} />] as const] : []),
              ["Created", <Time at={scan.created} />],
              ["Last change", <Time at={scan.last_modified} />],
            ]}
          />
        </Panel>
        <Panel title="Configuration">
          <Json of={scan.configuration} label="Configuration" />
        </Panel>
      </div>
    </>
  );
}

/** Whether its ingest has seen everything. */
const isDone = (scan: ScanDetails): boolean => scan.progress?.ended != null;

/** Whether there is anything for an ingest to do: one that took files and has seen everything is done. */
const mayIngest = (scan: ScanDetails): boolean =>
  !isDone(scan) || scan.progress?.files_taken === 0 || scan.ingests_canceled > 0;

/** Those that are TRANSFERRED and wait for nothing. */
function Canceled({ number }: { number: number }) {
  return (
    <>
      {count(number)} of TRANSFERRED <small>“Ingest…” takes them up.</small>
    </>
  );
}

type Action = "preview" | "ingest" | "cancel";

const ACTIONS: Record<Action, { title: string; verb: string; text: (scan: ScanDetails) => string }> = {
  preview: {
    title: "See what it would take?",
    verb: "Preview",
    text: () => "A job looks through the files, and tells what each rule takes. Nothing is ingested or changed.",
  },
  ingest: {
    title: "Ingest the files?",
    verb: "Ingest",
    text: ingestText,
  },
  cancel: {
    title: "Cancel it?",
    verb: "Cancel the Scan",
    text: cancelText,
  },
};

function ingestText(scan: ScanDetails): string {
  if (isDone(scan) && scan.ingests_canceled > 0)
    return `It has seen everything. A job takes up the ${plural(scan.ingests_canceled, "file")} whose ingests were canceled, and looks for no others.`;
  const begin = isDone(scan)
    ? "It has seen everything, and took no file. A job looks through all of it anew,"
    : "A job looks through the files,";
  return `${begin} and ingests those that a rule matches. Once it has taken one, the configuration stays as it is. One that was stopped goes on where it was, and takes no file twice.`;
}

function cancelText(scan: ScanDetails): string {
  const ended = isRunning(scan)
    ? "The job that looks through the files is canceled, and so are the ingests that have not begun; “Ingest…” takes these up again."
    : `${plural(scan.ingests_waiting, "ingest")} that it made and that have not begun are canceled; “Ingest…” takes them up again.`;
  return `${ended} What is being ingested is ingested, and files that were ingested stay.`;
}

function Actions({ scan, changed }: { scan: ScanDetails; changed: () => Promise<void> }) {
  const [asked, ask] = useState<Action>();
  const path = { scan_id: scan.id };
  const act = async (action: Action) => {
    if (action === "cancel") await answered(api.POST("/scans/{scan_id}/cancel/", { params: { path } }));
    else {
      const body = { ingest: action === "ingest" };
      await answered(api.POST("/scans/{scan_id}/process/", { params: { path }, body }));
    }
    await changed();
  };
  return (
    <>
      <Link to={`/scans/${scan.id}/edit`} class="button">
        Edit
      </Link>
      {(isRunning(scan) || scan.ingests_waiting > 0) && (
        <button type="button" class="danger" onClick={() => ask("cancel")}>
          Cancel…
        </button>
      )}
      {!isRunning(scan) && (
        <button type="button" onClick={() => ask("preview")}>
          Preview…
        </button>
      )}
      {!isRunning(scan) && mayIngest(scan) && (
        <button type="button" class="primary" onClick={() => ask("ingest")}>
          Ingest…
        </button>
      )}
      {asked && (
        <Confirm
          title={ACTIONS[asked].title}
          verb={ACTIONS[asked].verb}
          isDangerous={asked === "cancel"}
          close={() => ask(undefined)}
          act={() => act(asked)}
        >
          <p>{ACTIONS[asked].text(scan)}</p>
        </Confirm>
      )}
    </>
  );
}
