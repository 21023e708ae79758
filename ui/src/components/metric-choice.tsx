import { useState } from "preact/hooks";
import type { Metric, MetricDetails } from "../api/schema";
import { place, setQuery } from "../lib/router";
import { Panel } from "./basics";

/** What the address says of a list of names or ids. */
export const chosen = (name: string): string[] => (place.value.query.get(name) ?? "").split(",").filter(Boolean);

/** Which metric is plotted. */
export function Kind({ metrics, metric }: { metrics: Metric[]; metric: Metric }) {
  return (
    <div class="filters">
      <label>
        <span>Metric</span>
        <select
          value={metric.name}
          onChange={(event) => setQuery({ metric: event.currentTarget.value, column: null, choice: null })}
        >
          {metrics.map((one) => (
            <option key={one.name} value={one.name}>
              {one.title}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** The columns that are asked for; the first one, where none is. */
export const columnsOf = (metric: Metric): string[] => {
  const there = new Set(metric.columns.map((one) => one.name));
  const wanted = chosen("column").filter((name) => there.has(name));
  return wanted.length ? wanted : metric.columns.slice(0, 1).map((one) => one.name);
};

/** What of the metric is plotted. */
export function Columns({ metric }: { metric: Metric }) {
  const wanted = columnsOf(metric);
  return (
    <div class="ticks" tabIndex={0} role="region" aria-label="Columns">
      {metric.groups.map((group) => (
        <fieldset key={group.name}>
          <legend title={group.description}>{group.title}</legend>
          {metric.columns
            .filter((column) => column.group === group.name)
            .map((column) => (
              <Tick key={column.name} of="column" value={column.name} all={wanted} title={column.description}>
                {column.title}
              </Tick>
            ))}
        </fieldset>
      ))}
    </div>
  );
}

function Tick(props: { of: string; value: string; all: string[]; title?: string; children: string }) {
  const isOn = props.all.includes(props.value);
  const next = isOn ? props.all.filter((one) => one !== props.value) : [...props.all, props.value];
  return (
    <label {...(props.title ? { title: props.title } : {})}>
      <input type="checkbox" checked={isOn} onChange={() => setQuery({ [props.of]: next.join(",") }, "replace")} />
      {props.children}
    </label>
  );
}

/** What a choice is called: its fields are those of its kind. */
export function titleOf(choice: MetricDetails["choices"][number]): string {
  const named = choice as { id: number; name?: string; title?: string | null; version?: string };
  return [named.title || named.name || `no. ${named.id}`, named.version].filter(Boolean).join(" ");
}

/** Of what it is plotted: of all, or of each one that is chosen. */
export function Choices({ metric }: { metric: MetricDetails }) {
  const [sought, seek] = useState("");
  const wanted = chosen("choice");
  const shown = metric.choices.filter((one) => titleOf(one).toLowerCase().includes(sought.toLowerCase()));
  return (
    <Panel
      title="Of which"
      aside={<span class="hint">{wanted.length ? `${wanted.length} chosen` : "all together"}</span>}
    >
      <input
        type="search"
        aria-label="Search choices"
        placeholder="search"
        value={sought}
        onInput={(event) => seek(event.currentTarget.value)}
      />
      <div class="ticks" tabIndex={0} role="region" aria-label="Choices">
        {shown.map((one) => (
          <Tick key={String(one["id"])} of="choice" value={String(one["id"])} all={wanted}>
            {titleOf(one)}
          </Tick>
        ))}
        {!shown.length && <p class="hint">There is none{sought && " of that name"}.</p>}
      </div>
    </Panel>
  );
}
