import {
  connected,
  depending,
  isSameSource,
  keyOf,
  mayFollow,
  type Place,
  renamedJob,
  type Source,
  sourceOf,
  sourcesFor,
  withInput,
  withoutJob,
} from "../lib/definition";
import { Link, Panel } from "./basics";
import { Faults, faultsAt, NameField, type PartProps } from "./recipe-part";

/** The jobs of a recipe, and what each of their inputs gets: all that can be drawn, without drawing. */
export function JobParts(props: PartProps & { idOf: (key: string) => number | undefined }) {
  const { definition, change, faults } = props;
  return (
    <>
      {definition.jobs.map((job, index) => (
        <Panel
          key={index}
          class="recipe-job"
          title={job.name}
          aside={
            <button
              type="button"
              class="small"
              aria-label={`Remove the job ${job.name}`}
              onClick={() => change(withoutJob(definition, job.name))}
            >
              Remove
            </button>
          }
        >
          <div id={`job-${index}`}>
            <div class="recipe-fields">
              <NameField
                label="Name of the job"
                name={job.name}
                taken={definition.jobs.map((one) => one.name)}
                change={(name) => change(renamedJob(definition, job.name, name))}
              />
              <p>
                <small>runs </small>
                <TypeLink job={job} id={props.idOf(keyOf(job.job_type))} />
              </p>
            </div>
            <Inputs {...props} job={job} />
            <Waits {...props} job={job} />
            <Faults of={faultsAt(faults, `/definition/jobs/${index}`)} />
          </div>
        </Panel>
      ))}
    </>
  );
}

function TypeLink({ job, id }: { job: Place; id: number | undefined }) {
  const text = keyOf(job.job_type);
  return id === undefined ? <span>{text}</span> : <Link to={`/job-types/${id}`}>{text}</Link>;
}

const NEW = "new";
const coded = (source: Source | undefined): string => (source ? JSON.stringify([source.job, source.name]) : "");
const worded = (source: Source): string =>
  source.job === null ? `recipe input ${source.name}` : `${source.job}: ${source.name}`;

function decoded(text: string): Source | undefined {
  if (!text) return undefined;
  const [job, name] = JSON.parse(text) as [string | null, string];
  return { job, name };
}

function Inputs({ definition, interfaces, change, job }: PartProps & { job: Place }) {
  const inputs = interfaces.get(keyOf(job.job_type))?.input_data ?? [];
  return (
    <div class="recipe-fields">
      {inputs.map((input) => {
        const target = { job: job.name, input: input.name };
        const source = sourceOf(job, input.name);
        const fitting = sourcesFor(definition, interfaces, target);
        const isOdd = source !== undefined && !fitting.some((one) => isSameSource(source, one));
        const choose = (value: string) => {
          if (value !== NEW) return change(connected(definition, target, decoded(value)));
          const more = withInput(definition, input);
          const made = more.input_data?.at(-1)?.name ?? input.name;
          change(connected(more, target, { job: null, name: made }));
        };
        return (
          <label key={input.name}>
            <span>
              {input.name} ({[input.type, ...(input.media_types ?? [])].join(", ")}
              {input.required === false ? ", optional" : ""})
            </span>
            <select
              aria-label={`Input ${input.name} of ${job.name}`}
              value={coded(source)}
              onChange={(event) => choose(event.currentTarget.value)}
            >
              <option value="">nothing</option>
              {isOdd && <option value={coded(source)}>{worded(source)}, which does not fit</option>}
              {fitting.map((one) => (
                <option key={coded(one)} value={coded(one)}>
                  {worded(one)}
                </option>
              ))}
              <option value={NEW}>a new recipe input</option>
            </select>
          </label>
        );
      })}
    </div>
  );
}

/** The jobs that it waits for though they pass it nothing. */
function Waits({ definition, change, job }: PartProps & { job: Place }) {
  const passing = new Set((job.dependencies ?? []).filter((one) => one.connections?.length).map((one) => one.name));
  const others = definition.jobs.filter((one) => !passing.has(one.name) && mayFollow(definition, job.name, one.name));
  if (!others.length) return null;
  return (
    <fieldset class="waits">
      <legend>Waits also for</legend>
      {others.map((one) => (
        <label key={one.name} class="check">
          <input
            type="checkbox"
            checked={job.dependencies?.some((each) => each.name === one.name) ?? false}
            onChange={(event) => change(depending(definition, job.name, one.name, event.currentTarget.checked))}
          />
          {one.name}
        </label>
      ))}
    </fieldset>
  );
}
