import type { Ingest, ScaleFile } from "../api/schema";
import type { Footprint } from "../maps/footprints";
import { shapeOfText } from "./searched";
import { boxOf } from "./shapes";
import { meaningOf } from "./states";

/** Something that was found, in a list and on a map. */
export interface Found {
  id: number;
  name: string;
  /** Where its page is. */
  to: string;
  /** The file that says where and when it is; null: there is none yet. */
  file: ScaleFile | null;
  ingest?: Ingest;
}

export const foundFile = (kind: string, file: ScaleFile): Found => ({
  id: file.id,
  name: file.file_name,
  to: `/${kind}/${file.id}`,
  file,
});

export const foundIngest = (ingest: Ingest): Found => ({
  id: ingest.id,
  name: ingest.file_name,
  to: `/ingests/${ingest.id}`,
  file: ingest.source_file,
  ingest,
});

/** Where it is on a map; null: nowhere that is known. */
export function footprintOf(found: Found, tone: string): Footprint | null {
  const shape = found.file?.geometry ? shapeOfText(found.file.geometry) : null;
  if (!shape || !boxOf(shape)) return null;
  return { id: found.id, title: found.name, shape, tone: found.ingest ? meaningOf(found.ingest.status) : tone };
}
