import { answered, api } from "../api/client";
import type { NewStrike, StrikeEdit } from "../api/schema";
import { Loaded } from "../components/basics";
import { Editor } from "../forms/editor";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

const SECTIONS = [
  ["About", ["name", "title", "description"]],
  ["What is watched, and what becomes of it", ["configuration"]],
] as const;

/** Make a Strike. */
export function NewStrikePage() {
  return (
    <Editor
      schema="NewStrike"
      title="New Strike"
      trail={["/strikes", "Strikes"]}
      needs="admin"
      sections={SECTIONS}
      effect={() => (
        <p>
          Its job is queued, and watches from then on: files that lie there already are ingested too. Its name stays.
        </p>
      )}
      check={(value) => answered(api.POST("/strikes/validation/", { body: value as unknown as NewStrike }))}
      save={async (value) => {
        const made = await answered(api.POST("/strikes/", { body: value as unknown as NewStrike }));
        return `/strikes/${made.id}`;
      }}
    />
  );
}

/** Change a Strike. */
export function StrikeEditorPage({ parts }: { parts: Parts }) {
  const path = { strike_id: Number(parts["id"]) };
  const strike = useQuery(
    `strike ${path.strike_id}`,
    () => answered(api.GET("/strikes/{strike_id}/", { params: { path } })),
    10,
  );
  return (
    <Loaded query={strike}>
      {(found) => (
        <Editor
          schema="StrikeEdit"
          title={`Edit ${titled(found)}`}
          trail={[`/strikes/${found.id}`, titled(found)]}
          needs="admin"
          sections={SECTIONS}
          current={found}
          effect={(_, changed) => (
            <p>
              {"configuration" in changed
                ? "It takes up the new configuration by itself, without a new job. Files that were ingested stay as they are."
                : "It goes on watching as it does."}
            </p>
          )}
          save={async (_, changed) => {
            await answered(api.PATCH("/strikes/{strike_id}/", { params: { path }, body: changed as StrikeEdit }));
            return `/strikes/${found.id}`;
          }}
        />
      )}
    </Loaded>
  );
}
