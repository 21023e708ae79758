import { answered, api } from "../api/client";
import type { NewScan, ScanEdit } from "../api/schema";
import { Loaded } from "../components/basics";
import { Editor } from "../forms/editor";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

const SECTIONS = [
  ["About", ["name", "title", "description"]],
  ["Where it looks, and what becomes of the files", ["configuration"]],
] as const;

/** Make a Scan. */
export function NewScanPage() {
  return (
    <Editor
      schema="NewScan"
      title="New Scan"
      trail={["/scans", "Scans"]}
      needs="admin"
      sections={SECTIONS}
      effect={() => (
        <p>Nothing is looked at yet. On its page you can see what it would take, and then have it ingested.</p>
      )}
      check={(value) => answered(api.POST("/scans/validation/", { body: value as unknown as NewScan }))}
      save={async (value) => {
        const made = await answered(api.POST("/scans/", { body: value as unknown as NewScan }));
        return `/scans/${made.id}`;
      }}
    />
  );
}

/** Change a Scan. */
export function ScanEditorPage({ parts }: { parts: Parts }) {
  const path = { scan_id: Number(parts["id"]) };
  const scan = useQuery(`scan ${path.scan_id}`, () => answered(api.GET("/scans/{scan_id}/", { params: { path } })), 10);
  return (
    <Loaded query={scan}>
      {(found) => (
        <Editor
          schema="ScanEdit"
          title={`Edit ${titled(found)}`}
          trail={[`/scans/${found.id}`, titled(found)]}
          needs="admin"
          sections={SECTIONS}
          current={found}
          effect={(_, changed) => (
            <p>
              {found.progress?.files_taken
                ? "It has taken files: its configuration stays as it is; the API refuses another one."
                : "configuration" in changed
                  ? "What it has found so far is discarded."
                  : "What it has found so far stays."}
            </p>
          )}
          save={async (_, changed) => {
            await answered(api.PATCH("/scans/{scan_id}/", { params: { path }, body: changed as ScanEdit }));
            return `/scans/${found.id}`;
          }}
        />
      )}
    </Loaded>
  );
}
