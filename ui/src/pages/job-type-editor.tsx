import { answered, api } from "../api/client";
import type { JobTypeDetails, JobTypeEdit, NewJobType } from "../api/schema";
import { Empty, Link, Loaded } from "../components/basics";
import { Editor } from "../forms/editor";
import { titled } from "../lib/format";
import type { Value } from "../lib/pointer";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import type { Parts } from "../routes";

const SECTIONS = [
  ["About", ["name", "version", "title", "description", "category", "author_name", "author_url", "icon_code"]],
  ["How it runs", ["docker_image", "docker_privileged", "is_operational", "is_long_running", "is_paused", "is_active"]],
  ["Command, inputs and outputs", ["interface"]],
  [
    "Resources",
    [
      "cpus_required",
      "mem_required",
      "disk_out_const_required",
      "disk_out_mult_required",
      "custom_resources",
      "priority",
      "timeout",
      "max_scheduled",
      "max_tries",
    ],
  ],
  ["Errors", ["error_mapping"]],
  ["What starts it", ["trigger_rule"]],
] as const satisfies readonly (readonly [string, readonly (keyof NewJobType | keyof JobTypeEdit)[]])[];

const validated = (body: Record<string, Value>) =>
  answered(api.POST("/job-types/validation/", { body: body as unknown as NewJobType }));

/** Make a job type; the address may name one to begin with, of which another version is made. */
export function NewJobTypePage() {
  const like = Number(place.value.query.get("like"));
  const other = useQuery(`like ${like}`, async () => (like ? await detailsOf(like) : null));
  return <Loaded query={other}>{(found) => <NewType like={found} />}</Loaded>;
}

const detailsOf = (id: number) =>
  answered(api.GET("/job-types/{job_type_id}/", { params: { path: { job_type_id: id } } }));

function NewType({ like }: { like: JobTypeDetails | null }) {
  return (
    <Editor
      schema="NewJobType"
      title={like ? `New version of ${titled(like)}` : "New job type"}
      trail={["/job-types", "Job types"]}
      needs="admin"
      sections={SECTIONS}
      {...(like ? { like: { ...like, version: "", trigger_rule: null } } : {})}
      effect={(value) => (
        <>
          <p>
            {value["trigger_rule"]
              ? "Files that its rule matches start jobs of it from now on."
              : "It runs where recipe types have it, or where somebody queues it."}{" "}
            Name and version stay as they are.
          </p>
          {like && (
            <p>The version {like.version} stays as it is, with its rule; the new one has no rule unless you add one.</p>
          )}
        </>
      )}
      check={validated}
      save={async (value) => {
        const made = await answered(api.POST("/job-types/", { body: value as unknown as NewJobType }));
        return `/job-types/${made.id}`;
      }}
    />
  );
}

/** Change a job type. */
export function JobTypeEditorPage({ parts }: { parts: Parts }) {
  const id = Number(parts["id"]);
  const type = useQuery(`job type ${id}`, () => detailsOf(id), 10);
  return (
    <Loaded query={type}>
      {(found) =>
        found.is_system ? (
          <Empty title={`${titled(found)} is a part of Scale`}>
            It can only be paused, on <Link to={`/job-types/${id}`}>its page</Link>.
          </Empty>
        ) : (
          <JobTypeEditor type={found} />
        )
      }
    </Loaded>
  );
}

function JobTypeEditor({ type }: { type: JobTypeDetails }) {
  const { id, name, version } = type;
  return (
    <Editor
      schema="JobTypeEdit"
      title={`Edit ${titled(type)} ${version}`}
      trail={[`/job-types/${id}`, `${titled(type)} ${version}`]}
      needs="admin"
      sections={SECTIONS}
      current={type}
      effect={(_, changed) => <Effects changed={changed} type={type} />}
      check={(_, changed) => validated({ interface: type.interface, ...changed, name, version })}
      save={async (_, changed) => {
        const body = changed as JobTypeEdit;
        await answered(api.PATCH("/job-types/{job_type_id}/", { params: { path: { job_type_id: id } }, body }));
        return `/job-types/${id}`;
      }}
    />
  );
}

function Effects({ changed, type }: { changed: Record<string, Value>; type: JobTypeDetails }) {
  const told = [
    "interface" in changed &&
      `It becomes revision ${type.revision_num + 1}. Jobs that there are keep the interface that they were made with.`,
    changed["is_paused"] === true && "None of its jobs leaves the queue until it is resumed. What runs goes on.",
    changed["is_active"] === false && "It is archived: no new jobs of it are made.",
    "trigger_rule" in changed &&
      (changed["trigger_rule"] ? "Its rule changes." : "Its rule is archived: nothing starts it."),
  ].filter((one) => typeof one === "string");
  return (
    <>
      {told.map((one) => (
        <p key={one}>{one}</p>
      ))}
      <p class="hint">The API says what else a change reaches before it is saved.</p>
    </>
  );
}
