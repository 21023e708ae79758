import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { answered, api } from "../api/client";
import { ApiError } from "../api/problem";
import type { JobTypeSummary, NewRecipeType, NewTriggerRule, RecipeTypeDetails, RecipeTypeEdit } from "../api/schema";
import { signedOut } from "../api/session";
import { Head, Link, Loaded, Panel, Problem } from "../components/basics";
import { About, type Draft, Picker } from "../components/recipe-about";
import { RecipeCheck } from "../components/recipe-check";
import { RecipeGraph } from "../components/recipe-graph";
import { InputParts } from "../components/recipe-inputs";
import { JobParts } from "../components/recipe-jobs";
import { faultsAt } from "../components/recipe-part";
import { DefinitionText, Tabs } from "../components/recipe-text";
import { RulePart } from "../components/rule-part";
import { Begun } from "../forms/begun";
import { type Kept, useKept } from "../forms/kept";
import { Leaving } from "../forms/save-bar";
import {
  type Definition,
  definitionOf,
  EMPTY,
  type Interface,
  type Interfaces,
  keyOf,
  withJob,
} from "../lib/definition";
import { titled } from "../lib/format";
import { isSame } from "../lib/pointer";
import { useQuery } from "../lib/query";
import { go, leave } from "../lib/router";
import type { Parts } from "../routes";
import { interfacesOf } from "./recipe-types";

const NOTHING: Draft = {
  name: "",
  version: "1.0",
  title: null,
  description: null,
  definition: EMPTY,
  trigger_rule: null,
};
const PATIENCE_MS = 400;

export function NewRecipeTypePage() {
  return <Editor begun={NOTHING} known={new Map()} />;
}

export function EditRecipeTypePage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const type = useQuery(`recipe type ${id}`, () =>
    answered(api.GET("/recipe-types/{recipe_type_id}/", { params: { path: { recipe_type_id: id } } })),
  );
  return (
    <Loaded query={type}>
      {(found) => <Editor type={found} begun={draftOf(found)} known={interfacesOf(found)} />}
    </Loaded>
  );
}

function draftOf(type: RecipeTypeDetails): Draft {
  const rule = type.trigger_rule;
  return {
    name: type.name,
    version: type.version,
    title: type.title,
    description: type.description,
    definition: definitionOf(type),
    trigger_rule: rule && {
      type: rule.type,
      name: rule.name,
      title: rule.title,
      description: rule.description,
      is_active: rule.is_active,
      configuration: rule.configuration,
    },
  };
}

const asBody = (draft: Draft): NewRecipeType => draft as unknown as NewRecipeType;

/** A value once nobody has changed it for a while. */
function useSettled<T>(value: T): T {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** The interfaces of the job types that a definition names, each asked for once. */
function useInterfaces(definition: Definition, types: readonly JobTypeSummary[], known: Interfaces): Interfaces {
  const asked = useRef(new Map<string, Interface>(known));
  const keys = [...new Set(definition.jobs.map((job) => keyOf(job.job_type)))].sort();
  const wanted = types.filter((type) => keys.includes(keyOf(type)));
  const query = useQuery(`interfaces ${wanted.map((type) => type.id)}`, async () => {
    for (const type of wanted.filter((one) => !asked.current.has(keyOf(one)))) {
      const path = { job_type_id: type.id };
      const details = await answered(api.GET("/job-types/{job_type_id}/", { params: { path } }));
      asked.current.set(keyOf(type), details.interface as Interface);
    }
    return [...asked.current.keys()];
  });
  // What has been found stays, though another one may not be there.
  return useMemo(() => new Map(asked.current), [query.data]);
}

function Editor(props: { type?: RecipeTypeDetails; begun: Draft; known: Interfaces }) {
  const { type } = props;
  const [known] = useState(props.known);
  const kept = useKept(props.begun);
  const { value: draft, change: setDraft } = kept;
  const [isText, setText] = useState(false);
  const types = useQuery("all job types", () =>
    answered(api.GET("/job-types/", { params: { query: { page_size: 1000, order: ["name"] } } })),
  );
  const usable = (types.data?.results ?? []).filter((one) => !one.is_system && one.is_active);
  const interfaces = useInterfaces(draft.definition, usable, known);
  const settled = useSettled(draft);
  const check = useQuery(`check ${JSON.stringify(settled)}`, () =>
    answered(api.POST("/recipe-types/validation/", { body: asBody(settled) })),
  );
  const faults = check.error?.faults ?? [];
  const setDefinition = (definition: Definition) => setDraft({ ...draft, definition });
  const parts = { definition: draft.definition, interfaces, change: setDefinition, faults };
  const title = type ? `Edit ${titled(type)}` : "New recipe type";
  return (
    <>
      <Head
        title={title}
        name={title}
        trail={
          <Link to={type ? `/recipe-types/${type.id}` : "/recipe-types"}>{type ? titled(type) : "Recipe types"}</Link>
        }
      >
        <Save type={type} kept={kept} />
      </Head>
      <div class="recipe-editor">
        <div>
          <Panel title="Graph" aside={<Tabs isText={isText} choose={setText} />}>
            {isText ? (
              <DefinitionText definition={draft.definition} change={setDefinition} />
            ) : (
              <>
                <Picker types={usable} add={(one) => setDefinition(withJob(draft.definition, one))} />
                <RecipeGraph
                  label="Graph of the recipe"
                  definition={draft.definition}
                  interfaces={interfaces}
                  change={setDefinition}
                  wrong={wrongJobs(draft.definition, faults)}
                  choose={(job) => showPart(draft.definition, job)}
                />
                <p class="hint">
                  Drag an output to an input that lights up, or choose what each input gets below. A filled dot is
                  required.
                </p>
              </>
            )}
          </Panel>
          <InputParts {...parts} />
          <JobParts {...parts} idOf={(key) => usable.find((one) => keyOf(one) === key)?.id} />
          <RulePart
            value={draft.trigger_rule}
            change={(rule) => setDraft({ ...draft, trigger_rule: rule as NewTriggerRule | null })}
            faults={faults}
          />
        </div>
        <aside>
          <Begun kept={kept} now={props.begun} />
          <About draft={draft} change={setDraft} isNew={!type} />
          <RecipeCheck query={check} faults={faults} isSettled={settled === draft} />
        </aside>
      </div>
      {leave.value && <Leaving />}
    </>
  );
}

const wrongJobs = (definition: Definition, faults: ApiError["faults"]): Set<string> =>
  new Set(
    definition.jobs.filter((_, index) => faultsAt(faults, `/definition/jobs/${index}`).length).map((job) => job.name),
  );

function showPart(definition: Definition, job: string): void {
  const index = definition.jobs.findIndex((one) => one.name === job);
  document.getElementById(`job-${index}`)?.querySelector<HTMLElement>("input")?.focus();
}

/** The fields that are another than before, for a request that changes these alone. */
function edited(begun: Draft, draft: Draft): RecipeTypeEdit {
  const { title, description, definition, trigger_rule } = draft;
  const now = { title, description, definition, trigger_rule };
  const changed = Object.entries(now).filter(([name, value]) => !isSame(value, begun[name as keyof typeof now]));
  return Object.fromEntries(changed) as RecipeTypeEdit;
}

function Save({ type, kept }: { type: RecipeTypeDetails | undefined; kept: Kept<Draft> }) {
  const { base, value: draft, isChanged } = kept;
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await kept.saved(async () => {
        const path = { recipe_type_id: type?.id ?? 0 };
        const made = type
          ? await answered(
              api.PATCH("/recipe-types/{recipe_type_id}/", { params: { path }, body: edited(base, draft) }),
            )
          : await answered(api.POST("/recipe-types/", { body: asBody(draft) }));
        go(`/recipe-types/${made.id}`);
      });
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      if (problem.status === 401) signedOut();
      setError(problem);
      setBusy(false);
    }
  };
  const isRevision = type && !isSame(base.definition, draft.definition);
  return (
    <>
      {error && <Problem error={error} />}
      {isChanged && <span class="hint">not saved</span>}
      <button type="button" class="primary" disabled={isBusy || !isChanged} onClick={() => void save()}>
        {!type ? "Create" : isRevision ? `Save as revision ${type.revision_num + 1}` : "Save"}
      </button>
    </>
  );
}
