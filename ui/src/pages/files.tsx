import { answered, api } from "../api/client";
import type { Product, Source } from "../api/schema";
import { SEARCHED } from "../components/area";
import { Badge, Empty, Head, Link, Time } from "../components/basics";
import { Choice, Filters, given, Range, Text } from "../components/filters";
import { OnMap, SearchNote } from "../components/on-map";
import { type Column, List, listed, pace } from "../components/table";
import { fileSize, titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";

const SOURCES: Column<Source>[] = [
  { title: "File", kind: "wide", cell: (file) => <Link to={`/sources/${file.id}`}>{file.file_name}</Link> },
  { title: "Media type", kind: "low", cell: (file) => file.media_type },
  { title: "Size", kind: "number", cell: fileSize },
  { title: "Data types", kind: "low", cell: (file) => file.data_type.join(", ") },
  { title: "Workspace", cell: (file) => <Link to={`/workspaces/${file.workspace.id}`}>{file.workspace.name}</Link> },
  { title: "Parsed", cell: (file) => (file.is_parsed ? <Time at={file.parsed} /> : "no") },
  { title: "Data from", kind: "low", cell: (file) => <Time at={file.data_started} /> },
  { title: "Last change", order: "last_modified", cell: (file) => <Time at={file.last_modified} /> },
];

/** Ingested files. */
export function Sources() {
  const query = place.value.query;
  const { file_name, started, is_parsed } = given(query, "file_name", "started", "is_parsed");
  const sources = useQuery(
    `sources?${query}`,
    () =>
      answered(
        api.GET("/sources/", {
          params: {
            query: {
              ...listed(query, "-last_modified"),
              ...(file_name ? { file_name } : {}),
              ...(started ? { started } : {}),
              ...given(query, ...SEARCHED),
              ...(is_parsed ? { is_parsed: is_parsed === "true" } : {}),
            },
          },
        }),
      ),
    pace(query, 5),
  );
  return (
    <>
      <Head title="Sources" name="Sources">
        <OnMap kind="sources" />
      </Head>
      <Filters names={["file_name", "started", "is_parsed", ...SEARCHED]}>
        <Text name="file_name" label="File name" hint="the whole name" />
        <Choice
          name="is_parsed"
          label="Parsed"
          options={[
            ["true", "yes"],
            ["false", "no"],
          ]}
        />
        <Range />
        <SearchNote />
      </Filters>
      <List
        label="Source files"
        noun="source file"
        order="-last_modified"
        query={sources}
        columns={SOURCES}
        empty={
          <Empty title="No source file fits">
            Files become sources when a <Link to="/strikes">Strike</Link> has ingested them;{" "}
            <Link to="/ingests">Ingests</Link> shows what is on its way.
          </Empty>
        }
      />
    </>
  );
}

const PRODUCTS: Column<Product>[] = [
  { title: "File", kind: "wide", cell: (file) => <Link to={`/products/${file.id}`}>{file.file_name}</Link> },
  {
    title: "Job type",
    order: "job_type__name",
    cell: (file) => <Link to={`/job-types/${file.job_type.id}`}>{titled(file.job_type)}</Link>,
  },
  { title: "Job", kind: "number", cell: (file) => <Link to={`/jobs/${file.job.id}`}>{file.job.id}</Link> },
  { title: "Media type", kind: "low", cell: (file) => file.media_type },
  { title: "Size", kind: "number", cell: fileSize },
  {
    title: "Published",
    cell: (file) => (file.is_published ? <Time at={file.published} /> : <Badge means="ended">no</Badge>),
  },
  { title: "Last change", order: "last_modified", cell: (file) => <Time at={file.last_modified} /> },
];

/** Files that jobs made. */
export function Products() {
  const query = place.value.query;
  const { file_name, started, job_type_name } = given(query, "file_name", "started", "job_type_name");
  const products = useQuery(
    `products?${query}`,
    () =>
      answered(
        api.GET("/products/", {
          params: {
            query: {
              ...listed(query, "-last_modified"),
              ...(file_name ? { file_name } : {}),
              ...(started ? { started } : {}),
              ...given(query, ...SEARCHED),
              ...(job_type_name ? { job_type_name: [job_type_name] } : {}),
            },
          },
        }),
      ),
    pace(query, 5),
  );
  return (
    <>
      <Head title="Products" name="Products">
        <OnMap kind="products" />
      </Head>
      <Filters names={["file_name", "started", "job_type_name", ...SEARCHED]}>
        <Text name="file_name" label="File name" hint="the whole name" />
        <Text name="job_type_name" label="Job type" hint="its name" />
        <Range />
        <SearchNote />
      </Filters>
      <List
        label="Products"
        noun="product"
        order="-last_modified"
        query={products}
        columns={PRODUCTS}
        empty={
          <Empty title="No product fits">
            Jobs make products when they complete; <Link to="/jobs">Jobs</Link> shows how far they are.
          </Empty>
        }
      />
    </>
  );
}
