import type { ComponentChildren } from "preact";
import { place, setQuery } from "../lib/router";

/** The filters of a list; what they are set to is in the address. */
export function Filters({ names, children }: { names: string[]; children: ComponentChildren }) {
  const isSet = names.some((name) => place.value.query.get(name));
  return (
    <search class="filters">
      {children}
      {isSet && (
        <button
          type="button"
          class="quiet"
          onClick={() => setQuery(Object.fromEntries(names.map((name) => [name, null])))}
        >
          Clear
        </button>
      )}
    </search>
  );
}

export function Choice(props: {
  name: string;
  label: string;
  options: readonly (readonly [string, string])[];
  any?: string;
  /** Whether the options are known later than the page is drawn. */
  isLate?: boolean;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select
        class={props.isLate ? "late" : ""}
        value={place.value.query.get(props.name) ?? ""}
        onChange={(event) => setQuery({ [props.name]: event.currentTarget.value })}
      >
        <option value="">{props.any ?? "any"}</option>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A text that counts once it has been entered. */
export function Text(props: { name: string; label: string; hint?: string }) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="search"
        placeholder={props.hint ?? ""}
        value={place.value.query.get(props.name) ?? ""}
        onChange={(event) => setQuery({ [props.name]: event.currentTarget.value.trim() })}
      />
    </label>
  );
}

const RANGES = [
  ["PT1H", "past hour"],
  ["PT6H", "past 6 hours"],
  ["P1D", "past day"],
  ["P7D", "past week"],
  ["P31D", "past month"],
] as const;

export function Range({ label = "Changed" }: { label?: string }) {
  return <Choice name="started" label={label} options={RANGES} any="any time" />;
}

/** The filters of these names that are set. */
export function given<Name extends string>(query: URLSearchParams, ...names: Name[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = query.get(name);
    if (value) found[name] = value;
  }
  return found;
}
