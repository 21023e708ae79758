import { answered, api } from "../api/client";
import type { IngestDetails } from "../api/schema";
import { Facts, Head, Link, Loaded, Panel, Status, Time, Took } from "../components/basics";
import { FileLinks } from "../components/files";
import { FootprintMap } from "../components/footprint-map";
import { Seer } from "../components/seer";
import { bytes } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

/** One file on its way in. */
export function IngestPage({ parts }: { parts: Parts }) {
  const id = parts["id"] ?? "";
  const ingest = useQuery(
    `ingest ${id}`,
    () => answered(api.GET("/ingests/{ingest_id}/", { params: { path: { ingest_id: id } } })),
    2,
  );
  return (
    <>
      <Head
        name={`Ingest ${id}`}
        trail={<Link to="/ingests">Ingests</Link>}
        title={
          <>
            {ingest.data?.file_name ?? `Ingest ${id}`} {ingest.data && <Status of={ingest.data.status} />}
          </>
        }
      />
      <Loaded query={ingest}>
        {(found) => (
          <>
            {found.reason && (
              <p class="problem" role="alert">
                {found.reason}
              </p>
            )}
            <div class="columns">
              <Panel title="File">
                <Facts of={what(found)} />
              </Panel>
              <Panel title="Way">
                <Facts of={way(found)} />
              </Panel>
              {found.source_file?.geometry && (
                <FootprintMap name={found.file_name} geometry={found.source_file.geometry} kind="ingests" />
              )}
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

function what(ingest: IngestDetails) {
  return [
    ["Source file", ingest.source_file ? <FileLinks of={ingest.source_file} /> : "none yet"],
    ["Media type", ingest.media_type],
    ["Size", ingest.file_size === null ? "not known yet" : bytes(ingest.file_size)],
    ["Data types", ingest.data_type.join(", ") || "none"],
    ["Stored", bytes(ingest.bytes_stored)],
    ["Stored as", <code>{ingest.file_path ?? "–"}</code>],
  ] as const;
}

function way(ingest: IngestDetails) {
  return [
    [ingest.scan ? "Scan" : "Strike", <Seer of={ingest} />],
    [
      "Job",
      ingest.job ? <Link to={`/jobs/${ingest.job.id}`}>{ingest.job.id}</Link> : "none: the Strike stored it itself",
    ],
    ["Transferred to", <code>{ingest.transfer_path}</code>],
    ["Transfer started", <Time at={ingest.transfer_started} />],
    ["Transfer took", <Took from={ingest.transfer_started} to={ingest.transfer_ended} />],
    ["Ingest started", <Time at={ingest.ingest_started} />],
    ["Ingest took", <Took from={ingest.ingest_started} to={ingest.ingest_ended} />],
  ] as const;
}
