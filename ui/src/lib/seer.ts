import type { Ingest } from "../api/schema";

/** Who saw a file that was ingested: a Strike or a Scan. */
export function seerOf(ingest: Pick<Ingest, "strike" | "scan">): string {
  return (ingest.strike ?? ingest.scan)?.name ?? "–";
}
