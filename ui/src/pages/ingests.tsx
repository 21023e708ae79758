import { answered, api } from "../api/client";
import type { Ingest, IngestStatus } from "../api/schema";
import { SEARCHED } from "../components/area";
import { Empty, Head, Link, Status, Time, Took } from "../components/basics";
import { Choice, Filters, given, Range } from "../components/filters";
import { OnMap, SearchNote } from "../components/on-map";
import { Seer } from "../components/seer";
import { type Column, List, listed, pace } from "../components/table";
import { fileSize } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import { INGEST_STATUSES } from "../lib/states";

const INGESTS: Column<Ingest>[] = [
  {
    title: "File",
    order: "file_name",
    kind: "wide",
    cell: (ingest) => <Link to={`/ingests/${ingest.id}`}>{ingest.file_name}</Link>,
  },
  { title: "Status", order: "status", cell: (ingest) => <Status of={ingest.status} /> },
  { title: "Seen by", cell: (ingest) => <Seer of={ingest} /> },
  { title: "Size", kind: "number", cell: fileSize },
  {
    title: "Transfer took",
    kind: "low",
    cell: (ingest) => <Took from={ingest.transfer_started} to={ingest.transfer_ended} />,
  },
  {
    title: "Ingest took",
    kind: "low",
    cell: (ingest) => <Took from={ingest.ingest_started} to={ingest.ingest_ended} />,
  },
  {
    title: "Source",
    kind: "low",
    cell: (ingest) =>
      ingest.source_file && <Link to={`/sources/${ingest.source_file.id}`}>{ingest.source_file.id}</Link>,
  },
  { title: "Last change", order: "last_modified", cell: (ingest) => <Time at={ingest.last_modified} /> },
];

/** Files on their way in. */
export function Ingests() {
  const query = place.value.query;
  const { status, started } = given(query, "status", "started");
  const ingests = useQuery(
    `ingests?${query}`,
    () =>
      answered(
        api.GET("/ingests/", {
          params: {
            query: {
              ...listed(query, "-last_modified"),
              ...(status ? { status: status as IngestStatus } : {}),
              ...(started ? { started } : {}),
              ...given(query, ...SEARCHED),
            },
          },
        }),
      ),
    pace(query, 3),
  );
  return (
    <>
      <Head title="Ingests" name="Ingests">
        <OnMap kind="ingests" />
      </Head>
      <Filters names={["status", "started", ...SEARCHED]}>
        <Choice name="status" label="Status" options={INGEST_STATUSES.map((one) => [one, one])} />
        <Range />
        <SearchNote />
      </Filters>
      <List
        label="Ingests"
        noun="ingest"
        order="-last_modified"
        query={ingests}
        columns={INGESTS}
        empty={
          <Empty title="No ingest fits">
            An ingest begins when a file appears in a directory that a <Link to="/strikes">Strike</Link> watches.
          </Empty>
        }
      />
    </>
  );
}
