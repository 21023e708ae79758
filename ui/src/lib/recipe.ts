import type { RecipeDetails } from "../api/schema";
import type { Box } from "../components/graph";
import { definitionOf } from "./definition";
import { titled } from "./format";
import { meaningOf } from "./states";

/** The graph of a recipe: its jobs as they are now, each behind those that it depends on. */
export function graphOf(recipe: RecipeDetails): Box[] {
  const jobs = new Map(recipe.jobs.map((one) => [one.job_name, one.job]));
  return definitionOf(recipe.recipe_type_rev).jobs.map((place) => {
    const job = jobs.get(place.name);
    return {
      name: place.name,
      title: place.name,
      subtitle: job ? `${titled(job.job_type)}, ${job.status}` : place.job_type.name,
      means: job && meaningOf(job.status),
      after: (place.dependencies ?? []).map((one) => one.name),
      to: job && `/jobs/${job.id}`,
    };
  });
}
