import { answered, api } from "../api/client";
import type { RecipeTypeRevisionDetails } from "../api/schema";
import { type Definition, definitionOf, type Fate, fates, keyOf } from "../lib/definition";
import { lineDiff } from "../lib/diff";
import { useQuery } from "../lib/query";
import { place, setQuery } from "../lib/router";
import type { Meaning } from "../lib/states";
import { local, today } from "../lib/time";
import { Badge, Loaded, Panel } from "./basics";
import { type Box, Graph } from "./graph";

const MEANS: Record<Fate, Meaning> = { added: "good", removed: "bad", changed: "warn", same: "ended" };

/** How the definition of a recipe type came to be what it is: two of its revisions, side by side. */
export function Revisions({ id, current }: { id: number; current: number }) {
  const revisions = useQuery(`revisions ${id} ${current}`, () =>
    answered(
      api.GET("/recipe-types/{recipe_type_id}/revisions/", {
        params: { path: { recipe_type_id: id }, query: { page_size: 1000, order: ["-revision_num"] } },
      }),
    ),
  );
  return (
    <Panel title="Revisions">
      <Loaded query={revisions}>
        {(page) =>
          page.results.length > 1 ? (
            <Compared of={page.results} />
          ) : (
            <p class="hint">There is one revision. A change of the definition makes another one.</p>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Compared({ of }: { of: RecipeTypeRevisionDetails[] }) {
  const numbered = (name: string) => {
    const wanted = Number(place.value.query.get(name));
    return of.find((one) => one.revision_num === wanted);
  };
  const to = numbered("to") ?? of[0];
  const from = numbered("from") ?? of.find((one) => one.revision_num < (to?.revision_num ?? 0)) ?? of.at(-1);
  if (!from || !to) return null;
  const [old, young] = [definitionOf(from), definitionOf(to)];
  return (
    <>
      <div class="filters">
        <Choose name="from" label="From" of={of} chosen={from} />
        <Choose name="to" label="To" of={of} chosen={to} />
      </div>
      <Graph
        label={`What changed from revision ${from.revision_num} to ${to.revision_num}`}
        boxes={compared(old, young)}
      />
      <p class="fates">
        <Badge means="good">added</Badge> <Badge means="warn">changed</Badge> <Badge means="bad">removed</Badge>{" "}
        <Badge means="ended">as before</Badge>
      </p>
      <Lines before={JSON.stringify(old, null, 2)} after={JSON.stringify(young, null, 2)} />
    </>
  );
}

function Choose(props: {
  name: string;
  label: string;
  of: RecipeTypeRevisionDetails[];
  chosen: RecipeTypeRevisionDetails;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select
        value={String(props.chosen.revision_num)}
        onChange={(event) => setQuery({ [props.name]: event.currentTarget.value }, "replace")}
      >
        {props.of.map((one) => (
          <option key={one.id} value={String(one.revision_num)}>
            {one.revision_num}, {local(new Date(one.created), today.value)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Inputs and jobs of both definitions, coloured by what became of them. */
function compared(old: Definition, young: Definition): Box[] {
  const inputs = fates(old.input_data ?? [], young.input_data ?? []).map(({ of, fate }) => ({
    name: `input ${of.name}`,
    title: of.name,
    subtitle: `${fate}, input of the recipe`,
    means: MEANS[fate],
    after: [],
  }));
  const jobs = fates(old.jobs, young.jobs).map(({ of, fate }) => ({
    name: `job ${of.name}`,
    title: of.name,
    subtitle: `${fate}, ${keyOf(of.job_type)}`,
    means: MEANS[fate],
    after: [
      ...(of.recipe_inputs ?? []).map((one) => `input ${one.recipe_input}`),
      ...(of.dependencies ?? []).map((one) => `job ${one.name}`),
    ],
  }));
  return [...inputs, ...jobs];
}

/** The same as text, line by line. */
function Lines({ before, after }: { before: string; after: string }) {
  return (
    <pre class="code line-diff" tabIndex={0} role="region" aria-label="What changed, as text">
      {lineDiff(before, after).map((line, index) => {
        const text = `${line.sign} ${line.text}\n`;
        if (line.sign === "+") return <ins key={index}>{text}</ins>;
        return line.sign === "-" ? <del key={index}>{text}</del> : <span key={index}>{text}</span>;
      })}
    </pre>
  );
}
