import { useState } from "preact/hooks";
import { apiRoot } from "../api/client";
import type { ConfigurationExport } from "../api/schema";
import { KINDS, type Kind, TITLES } from "../lib/configuration";
import { Panel } from "./basics";

const FILTERS: Record<Kind, string> = {
  recipe_types: "recipe_type_name",
  job_types: "job_type_name",
  errors: "error_name",
};

/** Names of a kind, each once though it may have several versions. */
const namesOf = (records: readonly unknown[]): string[] => [
  ...new Set(records.map((one) => (one as { name: string }).name)),
];

/** What is to be in the file. */
export function Export({ of }: { of: ConfigurationExport }) {
  const [kinds, setKinds] = useState<ReadonlySet<Kind>>(new Set(KINDS));
  const [names, setNames] = useState<Record<Kind, ReadonlySet<string>>>({
    recipe_types: new Set(),
    job_types: new Set(),
    errors: new Set(),
  });
  const included = KINDS.filter((kind) => kinds.has(kind));
  const asked = new URLSearchParams(included.map((kind) => ["include", kind]));
  for (const kind of included) for (const name of names[kind]) asked.append(FILTERS[kind], name);
  return (
    <Panel title="Export">
      <div class="export">
        {KINDS.map((kind) => (
          <fieldset key={kind}>
            <label class="check">
              <input type="checkbox" checked={kinds.has(kind)} onChange={() => setKinds(toggled(kinds, kind))} />
              <b>{TITLES[kind]}</b> <small>{names[kind].size || `all ${namesOf(of[kind]).length}`}</small>
            </label>
            <div class="ticks" tabIndex={0} role="region" aria-label={TITLES[kind]}>
              {namesOf(of[kind]).map((name) => (
                <label key={name}>
                  <input
                    type="checkbox"
                    disabled={!kinds.has(kind)}
                    checked={names[kind].has(name)}
                    onChange={() => setNames({ ...names, [kind]: toggled(names[kind], name) })}
                  />
                  {name}
                </label>
              ))}
            </div>
          </fieldset>
        ))}
      </div>
      <p class="hint">Of a kind of which none is ticked, all are exported.</p>
      {included.length > 0 && (
        <a class="button" href={`${apiRoot}/configuration/download/?${asked}`} download="configuration.json">
          Export {included.map((kind) => TITLES[kind].toLowerCase()).join(", ")}
        </a>
      )}
    </Panel>
  );
}

function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}
