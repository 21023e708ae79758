import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { ConfigurationExport } from "../api/schema";
import type { Change } from "../lib/changes";
import { type Configuration, type Planned, parsed, planned, TITLES } from "../lib/configuration";
import { plural } from "../lib/format";
import { type Query, useQuery } from "../lib/query";
import { Badge, Empty, Loaded, Panel, Problem } from "./basics";
import { Confirm } from "./dialog";

interface Chosen {
  name: string;
  document?: Configuration;
  fault?: string;
}

/** A file that is chosen, what it would change, and its import. */
export function Import({ now, query }: { now: ConfigurationExport; query: Query<ConfigurationExport> }) {
  const [chosen, choose] = useState<Chosen>();
  const [isDone, setDone] = useState(false);
  const read = async (file: File | undefined) => {
    if (!file) return;
    setDone(false);
    try {
      choose({ name: file.name, document: parsed(await file.text()) });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      choose({ name: file.name, fault: error.message });
    }
  };
  return (
    <Panel title="Import">
      <label
        class="drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void read(event.dataTransfer?.files[0]);
        }}
      >
        <span>A file that was exported, or written in the same form: choose it or drop it here</span>
        <input
          type="file"
          accept=".json,application/json"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </label>
      {chosen?.fault && (
        <div class="problem" role="alert">
          <strong>{chosen.name} cannot be read</strong>
          <p>{chosen.fault}</p>
        </div>
      )}
      {isDone && <p role="status">The configuration has been imported.</p>}
      {chosen?.document && (
        <Preview
          key={JSON.stringify(chosen.document)}
          now={now}
          document={chosen.document}
          imported={async () => {
            choose(undefined);
            setDone(true);
            await query.refresh();
          }}
        />
      )}
    </Panel>
  );
}

interface Previewed {
  now: ConfigurationExport;
  document: Configuration;
  imported: () => Promise<void>;
}

/** What an import would change, and what the API says of it. */
function Preview({ now, document, imported }: Previewed) {
  const [isAsking, ask] = useState(false);
  const body = { import: document };
  const checked = useQuery("configuration to import", () => answered(api.POST("/configuration/validation/", { body })));
  const plan = planned(now, document);
  const changing = plan.filter((one) => one.isNew || one.changes.length);
  const same = plan.length - changing.length;
  return (
    <>
      <h3>What the import changes</h3>
      {changing.length === 0 && <Empty title="Nothing">All that the file says is so already.</Empty>}
      <ul class="plan">
        {changing.map((one) => (
          <Record key={`${one.kind} ${one.label}`} of={one} />
        ))}
      </ul>
      {same > 0 && changing.length > 0 && <p class="hint">{plural(same, "record")} of the file stay as they are.</p>}
      {checked.error ? (
        <Problem error={checked.error} />
      ) : (
        <Loaded query={checked}>
          {(result) => (
            <>
              <Warnings of={result.warnings.map((one) => one.details)} />
              <button type="button" class="primary" disabled={!changing.length} onClick={() => ask(true)}>
                Import…
              </button>
            </>
          )}
        </Loaded>
      )}
      {isAsking && (
        <Confirm
          title="Import the configuration?"
          verb={`Import ${plural(changing.length, "record")}`}
          close={() => ask(false)}
          act={async () => {
            await answered(api.POST("/configuration/", { body }));
            await imported();
          }}
        >
          <p>All of it is imported, or nothing if anything is wrong. What runs goes on as it was started.</p>
        </Confirm>
      )}
    </>
  );
}

/** What looks wrong, or is reached, in words. */
function Warnings({ of }: { of: readonly string[] }) {
  if (!of.length) return <p class="hint">The check found nothing to warn of.</p>;
  return (
    <ul class="told">
      {of.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}

function Record({ of }: { of: Planned }) {
  return (
    <li>
      <details open={!of.isNew}>
        <summary>
          <Badge means={of.isNew ? "good" : "warn"}>{of.isNew ? "new" : "changed"}</Badge> <b>{of.label}</b>{" "}
          <small>{TITLES[of.kind].toLowerCase().slice(0, -1)}</small>
        </summary>
        <dl class="diff">
          {of.changes.map((one) => (
            <Changed key={one.pointer} of={one} />
          ))}
        </dl>
      </details>
    </li>
  );
}

function Changed({ of }: { of: Change }) {
  return (
    <div>
      <dt>
        <code>{of.pointer}</code>
      </dt>
      <dd>
        {of.was !== undefined && (
          <del>
            <span class="hidden">before: </span>
            {JSON.stringify(of.was)}
          </del>
        )}
        {of.is !== undefined && (
          <ins>
            <span class="hidden">after: </span>
            {JSON.stringify(of.is)}
          </ins>
        )}
      </dd>
    </div>
  );
}
