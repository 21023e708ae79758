import { useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { Job, JobStatus } from "../api/schema";
import { may } from "../api/session";
import { Empty, Head, Link, Status, Time, Took } from "../components/basics";
import { BulkChange, type Change } from "../components/bulk";
import { Choice, Filters, given, Range, Text } from "../components/filters";
import { type Column, List, listed, pace } from "../components/table";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import { selection } from "../lib/selection";
import { JOB_STATUSES } from "../lib/states";

const COLUMNS: Column<Job>[] = [
  { title: "Job", order: "id", kind: "number", cell: (job) => <Link to={`/jobs/${job.id}`}>{job.id}</Link> },
  { title: "Status", order: "status", cell: (job) => <Status of={job.status} /> },
  {
    title: "Job type",
    order: "job_type__name",
    cell: (job) => (
      <>
        <Link to={`/job-types/${job.job_type.id}`}>{titled(job.job_type)}</Link> <small>{job.job_type.version}</small>
      </>
    ),
  },
  { title: "Error", kind: "wide", cell: (job) => job.error && <Link to={`/jobs/${job.id}`}>{titled(job.error)}</Link> },
  { title: "Tries", kind: "number", cell: (job) => job.num_exes },
  { title: "Priority", kind: "number", cell: (job) => job.priority },
  { title: "Ran for", kind: "low", cell: (job) => <Took from={job.started} to={job.ended} /> },
  { title: "Created", order: "created", kind: "low", cell: (job) => <Time at={job.created} /> },
  { title: "Last change", order: "last_modified", cell: (job) => <Time at={job.last_modified} /> },
];

const FILTERS = ["status", "job_type_name", "job_type_id", "job_type_category", "started"];

/** Jobs, and what can be done with many of them at once. */
export function Jobs() {
  const query = place.value.query;
  const filters = jobFilters(query);
  const [selected, select] = useState<ReadonlySet<number>>(new Set());
  const [change, setChange] = useState<Change>();
  const jobs = useQuery(
    `jobs?${query}`,
    () => answered(api.GET("/jobs/", { params: { query: { ...listed(query, "-last_modified"), ...filters } } })),
    pace(query, 3),
  );
  const types = useQuery("type names", () =>
    answered(api.GET("/job-types/", { params: { query: { page_size: 1000 } } })),
  );
  const names = [...new Map(types.data?.results.map((type) => [type.name, titled(type)]) ?? [])];
  return (
    <>
      <Head title="Jobs" name="Jobs">
        {may("operator") && (
          <>
            <span class="hint">{selected.size ? `${selected.size} selected` : "all that the filters show"}</span>
            <button type="button" onClick={() => setChange("requeue")}>
              Requeue…
            </button>
            <button type="button" class="danger" onClick={() => setChange("cancel")}>
              Cancel…
            </button>
          </>
        )}
      </Head>
      <Filters names={FILTERS}>
        <Choice name="status" label="Status" options={JOB_STATUSES.map((status) => [status, status])} />
        <Choice name="job_type_name" label="Job type" options={names} isLate />
        <Text name="job_type_category" label="Category" />
        <Range />
      </Filters>
      <List
        label="Jobs"
        noun="job"
        order="-last_modified"
        query={jobs}
        columns={COLUMNS}
        selection={may("operator") ? { ids: selected, change: select, noun: "job" } : undefined}
        empty={
          <Empty title="No job fits">
            {FILTERS.some((name) => query.get(name))
              ? "Clear a filter to see more."
              : "Jobs are made by trigger rules when files arrive, or by POST /queue/new-job/."}
          </Empty>
        }
      />
      {change && (
        <BulkChange
          change={change}
          which={selection(filters, selected)}
          close={() => setChange(undefined)}
          done={() => {
            select(new Set());
            return jobs.refresh();
          }}
        />
      )}
    </>
  );
}

/** The filters in the address, as the API has them. */
function jobFilters(query: URLSearchParams) {
  const { status, job_type_name, job_type_id, job_type_category, started } = given(query, ...FILTERS);
  return {
    ...(status ? { status: status as JobStatus } : {}),
    ...(started ? { started } : {}),
    ...(job_type_name ? { job_type_name: [job_type_name] } : {}),
    ...(job_type_id ? { job_type_id: [Number(job_type_id)] } : {}),
    ...(job_type_category ? { job_type_category: [job_type_category] } : {}),
  };
}
