import type { FileLineage, LineageFile, LineageIngest, LineageJob } from "../api/schema";
import type { Box } from "../components/graph";
import { titled } from "./format";
import { seerOf } from "./seer";
import { meaningOf } from "./states";

const fileName = (id: number) => `file ${id}`;
const ingestName = (id: number) => `ingest ${id}`;
const jobName = (id: number) => `job ${id}`;

/**
 * The graph of a lineage: ingest, source, rule, recipe, job, product, and so on from product to product.
 *
 * A rule and a recipe stand between the files that came from outside of the recipe and the jobs that were given them.
 */
export function graphOfLineage(lineage: FileLineage): Box[] {
  const recipeOf = new Map(lineage.jobs.map((one) => [one.id, one.recipes[0]?.id]));
  const recipeBehind = new Map(lineage.files.map((one) => [one.id, one.job ? recipeOf.get(one.job.id) : undefined]));
  return merged([
    ...lineage.ingests.map(ingestBox),
    ...lineage.files.map((file) => fileBox(file, lineage)),
    ...lineage.jobs.flatMap((job) => jobBoxes(job, recipeBehind)),
  ]);
}

/** Each box once: a recipe that several jobs are of is behind all that they were given. */
function merged(boxes: readonly Box[]): Box[] {
  const found = new Map<string, Box>();
  for (const box of boxes) {
    const known = found.get(box.name);
    found.set(box.name, known ? { ...known, after: [...new Set([...known.after, ...box.after])] } : box);
  }
  return [...found.values()];
}

/** @param recipeBehind by file the recipe of the job that made it. */
function jobBoxes(job: LineageJob, recipeBehind: ReadonlyMap<number, number | undefined>): Box[] {
  const recipe = job.recipes[0]?.id;
  const isInner = (id: number) => recipe !== undefined && recipeBehind.get(id) === recipe;
  const inner = job.input_file_ids.filter(isInner).map(fileName);
  const outer = job.input_file_ids.filter((id) => !isInner(id)).map(fileName);
  if (inner.length && !outer.length) return [jobBox(job, inner)];
  const start = startOf(job, outer);
  const last = start.at(-1);
  return [...start, jobBox(job, [...inner, ...(last ? [last.name] : outer)])];
}

function ingestBox(ingest: LineageIngest): Box {
  return {
    name: ingestName(ingest.id),
    title: seerOf(ingest),
    subtitle: `ingest ${ingest.id}, ${ingest.status}`,
    means: meaningOf(ingest.status),
    after: [],
    to: `/ingests/${ingest.id}`,
  };
}

/** The rule and the recipe that started a job, each behind the other, and behind the files that it was given. */
function startOf(job: LineageJob, given: string[]): Box[] {
  const [rule, recipe] = [job.event.rule, job.recipes[0]];
  const found: Box[] = [];
  if (rule) {
    // One rule starts many: each start is a box of its own.
    const name = `rule ${rule.id} of ${recipe ? `recipe ${recipe.id}` : jobName(job.id)}`;
    found.push({ name, title: rule.title || rule.name || "Rule", subtitle: `${rule.type} rule`, after: given });
  }
  if (recipe) {
    found.push({
      name: `recipe ${recipe.id}`,
      title: titled(recipe.recipe_type),
      subtitle: `recipe ${recipe.id}`,
      after: found.length ? found.map((box) => box.name) : given,
      to: `/recipes/${recipe.id}`,
    });
  }
  return found;
}

function jobBox(job: LineageJob, after: string[]): Box {
  return {
    name: jobName(job.id),
    title: titled(job.job_type),
    subtitle: `job ${job.id}, ${job.status}`,
    means: meaningOf(job.status),
    after,
    to: `/jobs/${job.id}`,
  };
}

function fileBox(file: LineageFile, lineage: FileLineage): Box {
  const ingests = lineage.ingests.filter((one) => one.source_file_id === file.id).map((one) => ingestName(one.id));
  const kind = file.file_type === "SOURCE" ? "source" : "product";
  const state = file.is_deleted ? ", deleted" : file.is_published === false ? ", superseded" : "";
  return {
    name: fileName(file.id),
    title: file.file_name,
    subtitle: `${kind}${state}`,
    after: file.job ? [jobName(file.job.id)] : ingests,
    to: `/${kind}s/${file.id}`,
    isCurrent: file.id === lineage.file_id,
  };
}
