import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import { ApiError } from "../api/problem";
import type { DryRunFileResult, DryRunJob, DryRunTrigger } from "../api/schema";
import { plural } from "../lib/format";
import { Facts, Link, Panel, Problem, Status } from "./basics";
import { Field } from "./field";

/** What would become of a file with a name, if it arrived now. */
export function TryFile({ strikeId }: { strikeId: number }) {
  const [name, give] = useState("");
  const [result, setResult] = useState<DryRunFileResult>();
  const [error, setError] = useState<ApiError>();
  const ask = async (event: Event) => {
    event.preventDefault();
    try {
      const body = { file_name: name, file_size: 0, strike_id: strikeId };
      setResult(await answered(api.POST("/dry-run/file/", { body })));
      setError(undefined);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setResult(undefined);
      setError(problem);
    }
  };
  return (
    <Panel title="Try a file name">
      <form class="try" onSubmit={ask}>
        <Field
          label="Name of a file, without a folder"
          pointer="/file_name"
          error={error}
          value={name}
          changed={give}
        />
        <button type="submit">What would become of it?</button>
      </form>
      {error && <Problem error={error} />}
      {result && <Outcome of={result} />}
    </Panel>
  );
}

function Outcome({ of }: { of: DryRunFileResult }) {
  return (
    <div role="status">
      <Facts
        of={[
          ["It would be", <Status of={of.status} />],
          [
            "Rule",
            of.rule ? (
              <>
                {of.rule.index + 1}: <code>{of.rule.filename_regex}</code>
              </>
            ) : (
              "none matches"
            ),
          ],
          ...(of.reason ? ([["Because", of.reason]] as const) : []),
          ["Workspace", of.workspace && <Link to={`/workspaces/${of.workspace.id}`}>{of.workspace.name}</Link>],
          ["Path", of.file_path && <code>{of.file_path}</code>],
          ["Media type", <code>{of.media_type}</code>],
          ["Data types", of.data_types.join(", ") || "none"],
        ]}
      />
      {of.status === "INGESTED" && of.triggers.length === 0 && <p class="hint">No trigger rule matches it.</p>}
      {of.triggers.map((trigger) => (
        <Started key={trigger.trigger_rule.id} by={trigger} />
      ))}
    </div>
  );
}

function Started({ by }: { by: DryRunTrigger }) {
  return (
    <section class="started">
      <h3>
        <Link to={`/trigger-rules/${by.trigger_rule.id}`}>{by.trigger_rule.name || `Rule ${by.trigger_rule.id}`}</Link>{" "}
        would start
      </h3>
      <ul>
        {by.jobs.map((job, index) => (
          <li key={index}>{job.job_type.name}, a job</li>
        ))}
        {by.recipes.map((recipe) => (
          <li key={recipe.recipe_type.id}>
            {recipe.recipe_type.name}, a recipe of {plural(recipe.jobs.length, "job")}: {named(recipe.jobs)}
          </li>
        ))}
        {by.refused.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </section>
  );
}

const named = (jobs: DryRunJob[]): string => jobs.map((job) => job.job_name).join(", ");
