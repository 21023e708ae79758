/** A recipe definition, as far as the editor reads it (specs/recipe-definition); and changes of it, which make a new one. */

export type ParameterType = "property" | "file" | "files";

export interface Input {
  name: string;
  type: ParameterType;
  required?: boolean;
  media_types?: string[];
}

export interface Output {
  name: string;
  type: ParameterType;
  required?: boolean;
  media_type?: string | null;
}

/** Of a job interface (specs/job-interface), what connections are made of. */
export interface Interface {
  input_data?: Input[];
  output_data?: Output[];
}

export interface JobTypeKey {
  name: string;
  version: string;
}

export interface Place {
  name: string;
  job_type: JobTypeKey;
  recipe_inputs?: { recipe_input: string; job_input: string }[];
  dependencies?: { name: string; connections?: { output: string; input: string }[] }[];
}

export interface Definition {
  version?: string;
  input_data?: Input[];
  jobs: Place[];
}

/** What data comes from: an input of the recipe, or an output of one of its jobs. */
export interface Source {
  job: string | null;
  name: string;
}

/** An input of a job. */
export interface Target {
  job: string;
  input: string;
}

/** Interfaces of job types, by {@link keyOf}. */
export type Interfaces = ReadonlyMap<string, Interface>;

/** The definition that a recipe type or a revision of it has, for the API says it is any object. */
export const definitionOf = (of: { definition: unknown }): Definition => of.definition as Definition;

export const EMPTY: Definition = { version: "1.0", input_data: [], jobs: [] };

export const keyOf = (type: JobTypeKey): string => `${type.name} ${type.version}`;
export const isSameSource = (one: Source | undefined, other: Source): boolean =>
  one?.job === other.job && one.name === other.name;

/** A name that nothing of these has yet. */
function free(wish: string, taken: readonly string[]): string {
  const base = wish.replace(/[^A-Za-z0-9 _-]/g, "-").slice(0, 250) || "new";
  let name = base;
  for (let number = 2; taken.includes(name); number++) name = `${base}-${number}`;
  return name;
}

/** With one more job of a type, of which name and version alone are told. */
export function withJob(definition: Definition, type: JobTypeKey): Definition {
  const { name, version } = type;
  const taken = definition.jobs.map((job) => job.name);
  return { ...definition, jobs: [...definition.jobs, { name: free(type.name, taken), job_type: { name, version } }] };
}

export function withInput(definition: Definition, like: Partial<Input> = {}): Definition {
  const inputs = definition.input_data ?? [];
  const name = free(
    like.name ?? "input",
    inputs.map((input) => input.name),
  );
  return { ...definition, input_data: [...inputs, { type: "file", ...like, name }] };
}

/** Without a job, and without what was connected to it. */
export function withoutJob(definition: Definition, name: string): Definition {
  const jobs = definition.jobs.filter((job) => job.name !== name);
  return {
    ...definition,
    jobs: jobs.map((job) =>
      withDependencies(
        job,
        (job.dependencies ?? []).filter((one) => one.name !== name),
      ),
    ),
  };
}

/** Without a recipe input, and without what was connected to it. */
export function withoutInput(definition: Definition, name: string): Definition {
  return {
    ...definition,
    input_data: (definition.input_data ?? []).filter((input) => input.name !== name),
    jobs: definition.jobs.map((job) =>
      withRecipeInputs(
        job,
        (job.recipe_inputs ?? []).filter((one) => one.recipe_input !== name),
      ),
    ),
  };
}

function withDependencies(job: Place, dependencies: NonNullable<Place["dependencies"]>): Place {
  const { dependencies: _, ...rest } = job;
  return dependencies.length ? { ...rest, dependencies } : rest;
}

function withRecipeInputs(job: Place, recipe_inputs: NonNullable<Place["recipe_inputs"]>): Place {
  const { recipe_inputs: _, ...rest } = job;
  return recipe_inputs.length ? { ...rest, recipe_inputs } : rest;
}

/** With another name for a job, wherever it is named. */
export function renamedJob(definition: Definition, name: string, to: string): Definition {
  return {
    ...definition,
    jobs: definition.jobs.map((job) => ({
      ...withDependencies(
        job,
        (job.dependencies ?? []).map((one) => (one.name === name ? { ...one, name: to } : one)),
      ),
      name: job.name === name ? to : job.name,
    })),
  };
}

/** With a recipe input changed; where its name is, all that is connected to it follows. */
export function changedInput(definition: Definition, name: string, to: Input): Definition {
  return {
    ...definition,
    input_data: (definition.input_data ?? []).map((input) => (input.name === name ? to : input)),
    jobs: definition.jobs.map((job) =>
      withRecipeInputs(
        job,
        (job.recipe_inputs ?? []).map((one) => (one.recipe_input === name ? { ...one, recipe_input: to.name } : one)),
      ),
    ),
  };
}

/** What an input of a job gets its data from. */
export function sourceOf(job: Place, input: string): Source | undefined {
  const given = job.recipe_inputs?.find((one) => one.job_input === input);
  if (given) return { job: null, name: given.recipe_input };
  for (const dependency of job.dependencies ?? []) {
    const connection = dependency.connections?.find((one) => one.input === input);
    if (connection) return { job: dependency.name, name: connection.output };
  }
  return undefined;
}

/** With an input of a job connected to a source alone; undefined: to none. What it depended on for that alone is left. */
export function connected(definition: Definition, target: Target, source: Source | undefined): Definition {
  return {
    ...definition,
    jobs: definition.jobs.map((job) => (job.name === target.job ? linked(job, target.input, source) : job)),
  };
}

function linked(job: Place, input: string, source: Source | undefined): Place {
  const inputs = (job.recipe_inputs ?? []).filter((one) => one.job_input !== input);
  const dependencies = (job.dependencies ?? []).flatMap((one) => {
    const connections = one.connections?.filter((each) => each.input !== input);
    const isLeft = one.connections?.length && !connections?.length && one.name !== source?.job;
    return isLeft ? [] : [connections ? { ...one, connections } : one];
  });
  if (source?.job === null) inputs.push({ recipe_input: source.name, job_input: input });
  else if (source) {
    const made = { output: source.name, input };
    const there = dependencies.findIndex((one) => one.name === source.job);
    const before = dependencies[there];
    if (before) dependencies[there] = { ...before, connections: [...(before.connections ?? []), made] };
    else dependencies.push({ name: source.job, connections: [made] });
  }
  return withDependencies(withRecipeInputs(job, inputs), dependencies);
}

/** With a job waiting for another one, or not, though nothing is passed. */
export function depending(definition: Definition, name: string, on: string, isOn: boolean): Definition {
  return {
    ...definition,
    jobs: definition.jobs.map((job) => {
      if (job.name !== name) return job;
      const others = (job.dependencies ?? []).filter((one) => one.name !== on);
      return withDependencies(job, isOn ? [...others, { name: on }] : others);
    }),
  };
}

/** The jobs that a job comes after, at once or by way of others. */
export function before(definition: Definition, name: string): Set<string> {
  const found = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { name: on } of definition.jobs.find((job) => job.name === next)?.dependencies ?? []) {
      if (!found.has(on)) open.push(on);
      found.add(on);
    }
  }
  return found;
}

/** Whether a job may wait for another one: nothing may go in a circle. */
export const mayFollow = (definition: Definition, name: string, on: string): boolean =>
  name !== on && !before(definition, on).has(name);

/** What an input of a job can be connected to: what has its type, and may have a media type that it takes. */
export function sourcesFor(definition: Definition, interfaces: Interfaces, target: Target): Source[] {
  const wanted = inputOf(definition, interfaces, target);
  if (!wanted) return [];
  const inputs = (definition.input_data ?? [])
    .filter((input) => fits(input, input.media_types ?? [], wanted))
    .map((input) => ({ job: null, name: input.name }));
  const outputs = definition.jobs
    .filter((job) => mayFollow(definition, target.job, job.name))
    .flatMap((job) =>
      (interfaces.get(keyOf(job.job_type))?.output_data ?? [])
        .filter((output) => fits(output, output.media_type ? [output.media_type] : [], wanted))
        .map((output) => ({ job: job.name, name: output.name })),
    );
  return [...inputs, ...outputs];
}

function inputOf(definition: Definition, interfaces: Interfaces, target: Target): Input | undefined {
  const type = definition.jobs.find((job) => job.name === target.job)?.job_type;
  return type && interfaces.get(keyOf(type))?.input_data?.find((input) => input.name === target.input);
}

function fits(source: { type: ParameterType; required?: boolean }, media: readonly string[], wanted: Input): boolean {
  const isTyped = source.type === wanted.type || (source.type === "file" && wanted.type === "files");
  const isSure = source.required !== false || wanted.required === false;
  const taken = wanted.media_types ?? [];
  return isTyped && isSure && (!taken.length || !media.length || media.some((one) => taken.includes(one)));
}

/** What has become of each job and input from one definition to another. */
export type Fate = "added" | "removed" | "changed" | "same";

export function fates<Named extends { name: string }>(
  old: readonly Named[],
  young: readonly Named[],
): { of: Named; fate: Fate }[] {
  const there = new Map(old.map((one) => [one.name, JSON.stringify(one)]));
  const stays = new Set(young.map((one) => one.name));
  return [
    ...young.map((of) => {
      const was = there.get(of.name);
      return { of, fate: was === undefined ? "added" : was === JSON.stringify(of) ? "same" : "changed" } as const;
    }),
    ...old.filter((one) => !stays.has(one.name)).map((of) => ({ of, fate: "removed" as const })),
  ];
}
