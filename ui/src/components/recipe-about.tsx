import { useState } from "preact/hooks";
import type { JobTypeSummary, NewRecipeType, NewTriggerRule } from "../api/schema";
import type { Definition } from "../lib/definition";
import { titled } from "../lib/format";
import { Link, Panel } from "./basics";

/** What is written: the body of a request, and how it stood at first. */
export interface Draft extends Omit<NewRecipeType, "definition" | "trigger_rule"> {
  definition: Definition;
  trigger_rule: NewTriggerRule | null;
}

/** Adds a job of a job type to the graph. */
export function Picker({ types, add }: { types: readonly JobTypeSummary[]; add: (type: JobTypeSummary) => void }) {
  const [chosen, choose] = useState("");
  const type = types.find((one) => String(one.id) === chosen) ?? types[0];
  if (!type) {
    return (
      <p class="hint">
        There is no <Link to="/job-types">job type</Link> that could be used yet.
      </p>
    );
  }
  return (
    <div class="filters">
      <label>
        <span>Job type</span>
        <select value={String(type.id)} onChange={(event) => choose(event.currentTarget.value)}>
          {types.map((one) => (
            <option key={one.id} value={String(one.id)}>
              {titled(one)} {one.version}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => add(type)}>
        Add a job
      </button>
    </div>
  );
}

/** What a recipe type is called. */
export function About({ draft, change, isNew }: { draft: Draft; change: (draft: Draft) => void; isNew: boolean }) {
  const fields = [
    ...(isNew ? [["name", "Name"] as const, ["version", "Version"] as const] : []),
    ["title", "Title"] as const,
    ["description", "Description"] as const,
  ];
  return (
    <Panel title="About">
      <div class="recipe-about">
        {fields.map(([field, label]) => (
          <label key={field}>
            <span>{label}</span>
            <input
              type="text"
              value={draft[field] ?? ""}
              onInput={(event) => {
                const text = event.currentTarget.value;
                change({ ...draft, [field]: text || (field === "title" || field === "description" ? null : "") });
              }}
            />
          </label>
        ))}
      </div>
      {isNew && <p class="hint">Name and version stay as they are once it is created.</p>}
    </Panel>
  );
}
