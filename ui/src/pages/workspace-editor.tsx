import { answered, api } from "../api/client";
import type { NewWorkspace, WorkspaceEdit } from "../api/schema";
import { Loaded } from "../components/basics";
import { Editor } from "../forms/editor";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

const SECTIONS = [
  ["About", ["name", "title", "description", "is_active", "base_url"]],
  ["Storage", ["json_config"]],
] as const;

/** Make a workspace. */
export function NewWorkspacePage() {
  return (
    <Editor
      schema="NewWorkspace"
      title="New workspace"
      trail={["/workspaces", "Workspaces"]}
      needs="admin"
      sections={SECTIONS}
      effect={() => (
        <p>
          Its storage is looked at, and has to be usable now, unless it is not active. Then Strikes, Scans and trigger
          rules can name it. Its name stays as it is.
        </p>
      )}
      check={(value) => answered(api.POST("/workspaces/validation/", { body: value as unknown as NewWorkspace }))}
      save={async (value) => {
        const made = await answered(api.POST("/workspaces/", { body: value as unknown as NewWorkspace }));
        return `/workspaces/${made.id}`;
      }}
    />
  );
}

/** Change a workspace. */
export function WorkspaceEditorPage({ parts }: { parts: Parts }) {
  const path = { workspace_id: Number(parts["id"]) };
  const workspace = useQuery(
    `workspace ${path.workspace_id}`,
    () => answered(api.GET("/workspaces/{workspace_id}/", { params: { path } })),
    10,
  );
  return (
    <Loaded query={workspace}>
      {(found) => (
        <Editor
          schema="WorkspaceEdit"
          title={`Edit ${titled(found)}`}
          trail={[`/workspaces/${found.id}`, titled(found)]}
          needs="admin"
          sections={SECTIONS}
          current={found}
          effect={(_, changed) => effects(changed)}
          save={async (_, changed) => {
            const body = changed as WorkspaceEdit;
            await answered(api.PATCH("/workspaces/{workspace_id}/", { params: { path }, body }));
            return `/workspaces/${found.id}`;
          }}
        />
      )}
    </Loaded>
  );
}

function effects(changed: Record<string, unknown>) {
  if (changed["is_active"] === false) return <p>It is archived: nothing new is stored in it. Its files stay.</p>;
  if ("json_config" in changed) {
    return (
      <p>
        The new storage is looked at now. Files are looked for there from then on, and are not moved: those that are not
        there too are missing.
      </p>
    );
  }
  return <p>Files stay where they are.</p>;
}
