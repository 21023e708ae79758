import { answered, api } from "../api/client";
import type { JobTypeSummary } from "../api/schema";
import { may } from "../api/session";
import { Badge, Empty, Head, Link, Time } from "../components/basics";
import { Filters, given, Text } from "../components/filters";
import { type Column, List, listed } from "../components/table";
import { decimal, mib, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";

const COLUMNS: Column<JobTypeSummary>[] = [
  {
    title: "Job type",
    order: "name",
    kind: "wide",
    cell: (type) => (
      <>
        <Link to={`/job-types/${type.id}`}>{titled(type)}</Link> {type.is_paused && <Badge means="warn">paused</Badge>}
        {!type.is_active && <Badge means="ended">archived</Badge>}
      </>
    ),
  },
  { title: "Name", kind: "low", cell: (type) => <code>{type.name}</code> },
  { title: "Version", cell: (type) => type.version },
  { title: "Category", kind: "low", cell: (type) => type.category },
  { title: "Runs in", cell: (type) => (type.is_system ? "Scale" : type.uses_docker ? "a container" : "a process") },
  { title: "Priority", order: "priority", kind: "number", cell: (type) => type.priority },
  { title: "CPUs", kind: "number", cell: (type) => decimal(type.cpus_required) },
  { title: "Memory", kind: "number", cell: (type) => mib(type.mem_required) },
  { title: "Last change", order: "last_modified", kind: "low", cell: (type) => <Time at={type.last_modified} /> },
];

/** Algorithms, and what each needs. */
export function JobTypes() {
  const query = place.value.query;
  const { name, category } = given(query, "name", "category");
  const types = useQuery(
    `job types?${query}`,
    () =>
      answered(
        api.GET("/job-types/", {
          params: {
            query: {
              ...paged(query),
              ...(name ? { name: [name] } : {}),
              ...(category ? { category: [category] } : {}),
            },
          },
        }),
      ),
    10,
  );
  return (
    <>
      <Head title="Job types" name="Job types">
        {may("admin") && (
          <Link to="/job-types/new" class="button">
            New job type
          </Link>
        )}
      </Head>
      <Filters names={["name", "category"]}>
        <Text name="name" label="Name" hint="the whole name" />
        <Text name="category" label="Category" />
      </Filters>
      <List
        label="Job types"
        noun="job type"
        order="name"
        query={types}
        columns={COLUMNS}
        empty={
          <Empty title="No job type fits">
            A job type is an algorithm and what it needs: make one here, or import a configuration.
          </Empty>
        }
      />
    </>
  );
}

/** This list is short, and has no cursors. */
function paged(query: URLSearchParams) {
  const { cursor: _, ...rest } = listed(query, "name");
  return rest;
}
