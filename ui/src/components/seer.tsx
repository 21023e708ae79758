import type { Ingest } from "../api/schema";
import { seerOf } from "../lib/seer";
import { Link } from "./basics";

/** The Strike or Scan that saw a file, leading to its page. */
export function Seer({ of }: { of: Pick<Ingest, "strike" | "scan"> }) {
  if (of.strike) return <Link to={`/strikes/${of.strike.id}`}>{seerOf(of)}</Link>;
  return of.scan ? <Link to={`/scans/${of.scan.id}`}>{seerOf(of)}</Link> : <span>{seerOf(of)}</span>;
}
