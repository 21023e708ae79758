// The life of a file, as a user's program sees it through a client of openapi-typescript and openapi-fetch.
// Arguments: the address of Scale, and a folder with the scripts copy.sh and hold.sh (see conftest.py).
import assert from "node:assert/strict";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./scale.js";

type Schemas = components["schemas"];
type Scale = Client<paths>;
const PATIENCE_MS = 60_000;

/** The data of an answer, which must be no problem. */
function answered<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status} ${answer.response.url}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

/** What `look` finds, as soon as it finds something. */
async function wait<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`in vain: ${look}`);
    await sleep(50);
  }
}

/** The only one. */
function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  assert(first !== undefined && others.length === 0, `not one: ${JSON.stringify(list)}`);
  return first;
}

async function makeWorkspace(scale: Scale, folder: string, name: string): Promise<void> {
  const broker = { type: "host", host_path: join(folder, name) };
  const body: Schemas["NewWorkspace"] = { name, json_config: { version: "1.0", broker } };
  const made = answered(await scale.POST("/workspaces/", { body }));
  assert.deepEqual([made.name, made.title, made.archived], [name, null, null]);
  const { error, response } = await scale.POST("/workspaces/", { body });
  assert.equal(response.status, 409);
  assert(error !== undefined && typeof error !== "string");
  assert.match(error.detail, new RegExp(name));
}

async function makeCopyType(scale: Scale, folder: string): Promise<number> {
  const made = answered(
    await scale.POST("/job-types/", {
      body: {
        name: "copy",
        version: "1.0",
        interface: {
          version: "1.0",
          command: "sh",
          command_arguments: `${join(folder, "copy.sh")} \${text} \${job_output_dir}`,
          input_data: [{ name: "text", type: "file" }],
          output_data: [{ name: "copy", type: "file" }],
        },
        trigger_rule: {
          type: "INGEST",
          configuration: {
            version: "1.0",
            condition: { data_types: ["note"] },
            data: { input_data_name: "text", workspace_name: "products" },
          },
        },
      },
    }),
  );
  assert.equal(made.trigger_rule?.type, "INGEST");
  return made.id;
}

async function dropFile(scale: Scale, folder: string): Promise<void> {
  const incoming = join(folder, "incoming");
  await mkdir(incoming);
  const rule = { filename_regex: ".*\\.txt", workspace_path: "notes", workspace_name: "raw", data_types: ["note"] };
  const configuration = { version: "1.0", mount: incoming, transfer_suffix: "_tmp", files_to_ingest: [rule] };
  const strike = answered(await scale.POST("/strikes/", { body: { name: "notes", configuration } }));
  assert.equal(strike.configuration["mount"], incoming);
  await writeFile(join(incoming, "a.txt_tmp"), "hello\n");
  await rename(join(incoming, "a.txt_tmp"), join(incoming, "a.txt"));
  const ingest = await wait(async () => {
    const { data } = await scale.GET("/ingests/{ingest_id}/", { params: { path: { ingest_id: "a.txt" } } });
    return data?.status === "INGESTED" ? data : undefined;
  });
  assert.equal(ingest.source_file?.file_name, "a.txt");
}

async function inStatus(scale: Scale, job_id: number, status: Schemas["JobStatus"]): Promise<Schemas["JobDetails"]> {
  return wait(async () => {
    const job = answered(await scale.GET("/jobs/{job_id}/", { params: { path: { job_id } } }));
    return job.status === status ? job : undefined;
  });
}

async function watchJob(scale: Scale): Promise<Schemas["JobDetails"]> {
  const job_id = await wait(async () => {
    const query = { job_type_name: ["copy"], status: "COMPLETED" as const };
    const page = answered(await scale.GET("/jobs/", { params: { query } }));
    return page.results[0]?.id;
  });
  const job = await inStatus(scale, job_id, "COMPLETED");
  const given = only(job.inputs).value;
  const made = only(job.outputs).value;
  assert(given !== null && typeof given === "object" && !Array.isArray(given));
  assert(made !== null && !Array.isArray(made));
  assert.deepEqual([given.file_name, made.file_name, made.job_type.name], ["a.txt", "copy.txt", "copy"]);
  assert.equal(job.error, null);
  return job;
}

async function readProducts(scale: Scale, job: Schemas["JobDetails"]): Promise<void> {
  const query = { job_type_name: ["copy"], order: ["-created"] };
  const page = answered(await scale.GET("/products/", { params: { query } }));
  assert.deepEqual([page.count, page.next], [1, null]);
  const path = { product_id: String(only(page.results).id) };
  const product = answered(await scale.GET("/products/{product_id}/", { params: { path } }));
  assert.equal(only(product.sources).file_name, "a.txt");
  assert.equal(only(job.products).id, product.id);
  const file = { path: { file_id: product.id } };
  const whole = await scale.GET("/files/{file_id}/content/", { params: file, parseAs: "text" });
  assert.equal(answered(whole), "copied hello\n");
  const params = { ...file, header: { Range: "bytes=0-5" } };
  const part = await scale.GET("/files/{file_id}/content/", { params, parseAs: "text" });
  assert.deepEqual([part.response.status, answered(part)], [206, "copied"]);
}

async function followJobs(scale: Scale): Promise<void> {
  const order = ["created"];
  const whole = answered(await scale.GET("/jobs/", { params: { query: { order } } }));
  let page = answered(await scale.GET("/jobs/", { params: { query: { order, page_size: 1 } } }));
  const found = page.results.map((job) => job.id);
  while (page.next !== null) {
    const cursor = new URL(page.next).searchParams.get("cursor");
    assert(cursor !== null);
    page = answered(await scale.GET("/jobs/", { params: { query: { order, page_size: 1, cursor } } }));
    found.push(...page.results.map((job) => job.id));
  }
  assert(whole.results.length > 1);
  // Those that are new come at the end.
  assert.deepEqual(found.slice(0, whole.results.length), whole.results.map((job) => job.id));
}

async function cancelAndRequeue(scale: Scale, folder: string): Promise<void> {
  const command_arguments = `${join(folder, "hold.sh")} ${join(folder, "go")}`;
  const jobType = answered(
    await scale.POST("/job-types/", {
      body: { name: "hold", version: "1.0", interface: { version: "1.0", command: "sh", command_arguments } },
    }),
  );
  const body: Schemas["NewJob"] = { job_type_id: jobType.id, job_data: {} };
  const queued = answered(await scale.POST("/queue/new-job/", { body }));
  await inStatus(scale, queued.id, "RUNNING");
  const path = { job_id: queued.id };
  const canceled = answered(
    await scale.PATCH("/jobs/{job_id}/", { params: { path }, body: { status: "CANCELED" } }),
  );
  assert.equal(canceled.status, "CANCELED");
  const job_exe_id = only(canceled.job_exes).id;
  await wait(async () => {
    const params = { path: { job_exe_id } };
    const execution = answered(await scale.GET("/job-executions/{job_exe_id}/", { params }));
    return execution.status === "CANCELED" ? true : undefined;
  });
  await writeFile(join(folder, "go"), "");
  const requeued = answered(await scale.POST("/queue/requeue-jobs/", { body: { job_ids: [queued.id] } }));
  assert.equal(only(requeued.results).id, queued.id);
  const again = await inStatus(scale, queued.id, "COMPLETED");
  assert.deepEqual([again.num_exes, again.job_exes.length], [2, 2]);
  const latest = again.job_exes[0];
  assert(latest !== undefined);
  const log = await scale.GET("/job-executions/{job_exe_id}/logs/{stream}/", {
    params: { path: { job_exe_id: latest.id, stream: "stdout" } },
    parseAs: "text",
  });
  assert.equal(answered(log), "gone\n");
}

async function exportAndImport(scale: Scale, job_type_id: number): Promise<void> {
  const exported = answered(await scale.GET("/configuration/"));
  assert.deepEqual(exported.job_types.map((record) => record["name"]), ["copy", "hold"]);
  const [first, ...others] = exported.job_types;
  const changed = { ...exported, job_types: [{ ...first, title: "Copies" }, ...others] };
  const body: Schemas["ConfigurationImport"] = { import: changed };
  assert.deepEqual(answered(await scale.POST("/configuration/validation/", { body })).warnings, []);
  assert.deepEqual(answered(await scale.POST("/configuration/", { body })).warnings, []);
  const params = { path: { job_type_id } };
  assert.equal(answered(await scale.GET("/job-types/{job_type_id}/", { params })).title, "Copies");
  assert.deepEqual(answered(await scale.GET("/configuration/")), changed);
}

async function main(address: string | undefined, folder: string | undefined): Promise<void> {
  assert(address !== undefined && folder !== undefined, "the address of Scale and a folder");
  const scale = createClient<paths>({
    baseUrl: address,
    headers: { Authorization: `Bearer ${process.env["SCALE_TOKEN"]}` },
  });
  await makeWorkspace(scale, folder, "raw");
  await makeWorkspace(scale, folder, "products");
  const copyType = await makeCopyType(scale, folder);
  await dropFile(scale, folder);
  await readProducts(scale, await watchJob(scale));
  await cancelAndRequeue(scale, folder);
  await followJobs(scale);
  await exportAndImport(scale, copyType);
  console.log("the whole life");
}

await main(...(process.argv.slice(2) as [string?, string?]));
