import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { Recipe, RecipeDetails } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Facts, Head, Link, Loaded, Panel, Status, Time, Took } from "../components/basics";
import { BulkChange } from "../components/bulk";
import { Confirm } from "../components/dialog";
import { FileLinks } from "../components/files";
import { Filters, given, Range, Text } from "../components/filters";
import { Graph } from "../components/graph";
import { type Column, List, listed, pace } from "../components/table";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { graphOf } from "../lib/recipe";
import { place } from "../lib/router";
import { canCancel, canRequeue } from "../lib/states";
import type { Parts } from "../routes";

const COLUMNS: Column<Recipe>[] = [
  {
    title: "Recipe",
    order: "id",
    kind: "number",
    cell: (recipe) => <Link to={`/recipes/${recipe.id}`}>{recipe.id}</Link>,
  },
  {
    title: "Recipe type",
    order: "recipe_type__name",
    kind: "wide",
    cell: (recipe) => (
      <>
        <Link to={`/recipes/${recipe.id}`}>{titled(recipe.recipe_type)}</Link>{" "}
        <small>{recipe.recipe_type.version}</small>
      </>
    ),
  },
  { title: "Started by", kind: "low", cell: (recipe) => recipe.event.type },
  {
    title: "Completed",
    cell: (recipe) => (recipe.completed ? <Time at={recipe.completed} /> : <Badge means="active">not yet</Badge>),
  },
  { title: "Took", kind: "low", cell: (recipe) => <Took from={recipe.created} to={recipe.completed} /> },
  { title: "Created", order: "created", cell: (recipe) => <Time at={recipe.created} /> },
  { title: "Last change", order: "last_modified", kind: "low", cell: (recipe) => <Time at={recipe.last_modified} /> },
];

/** Runs of recipe types. */
export function Recipes() {
  const query = place.value.query;
  const { type_name, started } = given(query, "type_name", "started");
  const recipes = useQuery(
    `recipes?${query}`,
    () =>
      answered(
        api.GET("/recipes/", {
          params: {
            query: {
              ...listed(query, "-last_modified"),
              ...(type_name ? { type_name: [type_name] } : {}),
              ...(started ? { started } : {}),
            },
          },
        }),
      ),
    pace(query, 5),
  );
  return (
    <>
      <Head title="Recipes" name="Recipes" />
      <Filters names={["type_name", "started"]}>
        <Text name="type_name" label="Recipe type" hint="its name" />
        <Range />
      </Filters>
      <List
        label="Recipes"
        noun="recipe"
        order="-last_modified"
        query={recipes}
        columns={COLUMNS}
        empty={
          <Empty title="No recipe fits">
            Recipes are made by the trigger rules of recipe types when files arrive, or by POST /queue/new-recipe/.
          </Empty>
        }
      />
    </>
  );
}

/** One recipe: its jobs as a graph, and what they were given. */
export function RecipePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const recipe = useQuery(
    `recipe ${id}`,
    () => answered(api.GET("/recipes/{recipe_id}/", { params: { path: { recipe_id: id } } })),
    3,
  );
  return (
    <>
      <Head
        name={`Recipe ${id}`}
        trail={<Link to="/recipes">Recipes</Link>}
        title={
          <>
            Recipe {id} {recipe.data && <small>{titled(recipe.data.recipe_type)}</small>}{" "}
            {recipe.data &&
              (recipe.data.completed ? (
                <Badge means="good">completed</Badge>
              ) : (
                <Badge means="active">not completed</Badge>
              ))}
          </>
        }
      >
        {recipe.data && may("operator") && <Actions recipe={recipe.data} changed={recipe.refresh} />}
      </Head>
      <Loaded query={recipe}>{(found) => <Body recipe={found} />}</Loaded>
    </>
  );
}

function Actions({ recipe, changed }: { recipe: RecipeDetails; changed: () => Promise<void> }) {
  const [asked, ask] = useState<"cancel" | "requeue">();
  const close = () => ask(undefined);
  const stopped = recipe.jobs.filter((one) => canRequeue(one.job.status)).map((one) => one.job.id);
  return (
    <>
      {stopped.length > 0 && (
        <button type="button" class="primary" onClick={() => ask("requeue")}>
          Requeue what failed…
        </button>
      )}
      {recipe.jobs.some((one) => canCancel(one.job.status)) && (
        <button type="button" class="danger" onClick={() => ask("cancel")}>
          Cancel…
        </button>
      )}
      {asked === "requeue" && <BulkChange change="requeue" which={{ job_ids: stopped }} close={close} done={changed} />}
      {asked === "cancel" && (
        <Confirm
          title={`Cancel recipe ${recipe.id}?`}
          verb="Cancel the recipe"
          isDangerous
          close={close}
          act={async () => {
            const path = { recipe_id: recipe.id };
            await answered(api.PATCH("/recipes/{recipe_id}/", { params: { path }, body: { status: "CANCELED" } }));
            await changed();
          }}
        >
          <p>All of its jobs that have not completed are canceled. They can be requeued.</p>
        </Confirm>
      )}
    </>
  );
}

function Body({ recipe }: { recipe: RecipeDetails }) {
  const rule = recipe.event.rule;
  return (
    <>
      <Panel title="Jobs">
        <Graph label="Jobs of the recipe" boxes={graphOf(recipe)} />
      </Panel>
      <div class="columns">
        <Panel title="Jobs, one by one">
          <ul class="rows">
            {recipe.jobs.map(({ job, job_name }) => (
              <li key={job.id}>
                <Link to={`/jobs/${job.id}`}>
                  <b>{job_name}</b> {job.id}
                </Link>
                <span class="reason">{job.error ? titled(job.error) : titled(job.job_type)}</span>
                <Status of={job.status} />
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="About">
          <Facts
            of={[
              [
                "Recipe type",
                <Link to={`/recipe-types/${recipe.recipe_type.id}`}>
                  {titled(recipe.recipe_type)} {recipe.recipe_type.version}
                </Link>,
              ],
              ["Revision", recipe.recipe_type_rev.revision_num],
              ["Started by", rule ? `${rule.type} rule ${rule.title || rule.name}` : recipe.event.type],
              ["Inputs", <FileLinks of={recipe.input_files} />],
              ["Created", <Time at={recipe.created} />],
              ["Completed", <Time at={recipe.completed} />],
              ["Took", <Took from={recipe.created} to={recipe.completed} />],
            ]}
          />
        </Panel>
      </div>
    </>
  );
}
