import { answered, api } from "../api/client";
import type { RecipeType, RecipeTypeDetails } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Json, Link, Loaded, Panel, Time } from "../components/basics";
import { RecipeGraph } from "../components/recipe-graph";
import { Revisions } from "../components/revisions";
import { type Column, List, listed } from "../components/table";
import { definitionOf, type Interface, keyOf } from "../lib/definition";
import { plural, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import type { Parts } from "../routes";

/** The interfaces of the job types that a recipe type names. */
export const interfacesOf = (type: RecipeTypeDetails): Map<string, Interface> =>
  new Map(type.job_types.map((one) => [keyOf(one), one.interface as Interface]));

const COLUMNS: Column<RecipeType>[] = [
  {
    title: "Recipe type",
    order: "name",
    kind: "wide",
    cell: (type) => <Link to={`/recipe-types/${type.id}`}>{titled(type)}</Link>,
  },
  { title: "Name", kind: "low", cell: (type) => <code>{type.name}</code> },
  {
    title: "State",
    cell: (type) => (type.is_active ? <Badge means="good">active</Badge> : <Badge means="ended">archived</Badge>),
  },
  { title: "Version", cell: (type) => type.version },
  { title: "Revision", kind: "number", cell: (type) => type.revision_num },
  { title: "Jobs", kind: "number", cell: (type) => definitionOf(type).jobs.length },
  { title: "Trigger rule", kind: "low", cell: (type) => (type.trigger_rule ? "yes" : "none") },
  { title: "Last change", order: "last_modified", kind: "low", cell: (type) => <Time at={type.last_modified} /> },
];

/** Graphs of job types. */
export function RecipeTypes() {
  const query = place.value.query;
  const { cursor: _, ...page } = listed(query, "name");
  const types = useQuery(
    `recipe types?${query}`,
    () => answered(api.GET("/recipe-types/", { params: { query: page } })),
    10,
  );
  return (
    <>
      <Head title="Recipe types" name="Recipe types">
        {may("admin") && (
          <Link to="/recipe-types/new" class="button">
            New recipe type
          </Link>
        )}
      </Head>
      <List
        label="Recipe types"
        noun="recipe type"
        order="name"
        query={types}
        columns={COLUMNS}
        empty={
          <Empty title="There is no recipe type yet">
            A recipe type says which jobs run on a file one after the other: “New recipe type” draws one. It needs{" "}
            <Link to="/job-types">job types</Link>.
          </Empty>
        }
      />
    </>
  );
}

/** One recipe type: its graph, what starts it, and how it came to be so. */
export function RecipeTypePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const type = useQuery(
    `recipe type ${id}`,
    () => answered(api.GET("/recipe-types/{recipe_type_id}/", { params: { path: { recipe_type_id: id } } })),
    5,
  );
  return (
    <>
      <Head
        name={type.data ? titled(type.data) : `Recipe type ${id}`}
        trail={<Link to="/recipe-types">Recipe types</Link>}
        title={
          type.data ? (
            <>
              {titled(type.data)} <small>{type.data.version}</small>{" "}
              {!type.data.is_active && <Badge means="ended">archived</Badge>}
            </>
          ) : (
            `Recipe type ${id}`
          )
        }
      >
        {type.data && (
          <Link to={`/recipes?type_name=${encodeURIComponent(type.data.name)}`} class="button">
            Its recipes
          </Link>
        )}
        {type.data && may("admin") && (
          <Link to={`/recipe-types/${id}/edit`} class="button">
            Edit
          </Link>
        )}
      </Head>
      <Loaded query={type}>{(found) => <Body type={found} />}</Loaded>
    </>
  );
}

function Body({ type }: { type: RecipeTypeDetails }) {
  const rule = type.trigger_rule;
  return (
    <>
      {type.description && <p class="lead">{type.description}</p>}
      <Panel title={`Graph of revision ${type.revision_num}`}>
        <RecipeGraph label="Graph of the recipe" definition={definitionOf(type)} interfaces={interfacesOf(type)} />
      </Panel>
      <div class="columns">
        <Panel title="About">
          <Facts
            of={[
              ["Name", <code>{type.name}</code>],
              ["Version", type.version],
              ["Revision", type.revision_num],
              ["Runs", plural(definitionOf(type).jobs.length, "job")],
              ["Created", <Time at={type.created} />],
              ["Last change", <Time at={type.last_modified} />],
            ]}
          />
          <h3>Job types</h3>
          <ul class="rows">
            {type.job_types.map((one) => (
              <li key={one.id}>
                <Link to={`/job-types/${one.id}`}>{titled(one)}</Link>
                <span class="reason">{one.version}</span>
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Trigger rule">
          {rule ? (
            <>
              <Facts
                of={[
                  ["Type", rule.type],
                  ["Name", rule.name ? <code>{rule.name}</code> : undefined],
                  [
                    "State",
                    <Badge means={rule.is_active ? "good" : "warn"}>{rule.is_active ? "active" : "paused"}</Badge>,
                  ],
                ]}
              />
              <Json of={rule.configuration} label="Configuration of the trigger rule" />
            </>
          ) : (
            <Empty title="Nothing starts it by itself">
              It is started by POST /queue/new-recipe/ alone. “Edit” gives it a trigger rule.
            </Empty>
          )}
        </Panel>
      </div>
      <Revisions id={type.id} current={type.revision_num} />
    </>
  );
}
