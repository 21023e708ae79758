import { answered, api } from "../api/client";
import type { Error as ApiErrorRecord, ErrorEdit, NewError } from "../api/schema";
import { may } from "../api/session";
import { Empty, Head, Link, Loaded, Time } from "../components/basics";
import { type Column, List, listed } from "../components/table";
import { Editor } from "../forms/editor";
import { titled } from "../lib/format";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import { FAULTS } from "../lib/states";
import type { Parts } from "../routes";

const COLUMNS: Column<ApiErrorRecord>[] = [
  {
    title: "Error",
    order: "name",
    kind: "wide",
    cell: (error) => <Link to={`/errors/${error.id}`}>{titled(error)}</Link>,
  },
  { title: "Name", kind: "low", cell: (error) => <code>{error.name}</code> },
  { title: "At fault", cell: (error) => FAULTS[error.category] },
  { title: "Created", order: "created", kind: "low", cell: (error) => <Time at={error.created} /> },
  { title: "Last change", order: "last_modified", cell: (error) => <Time at={error.last_modified} /> },
];

/** What jobs may fail with. */
export function Errors() {
  const { cursor: _, ...page } = listed(place.value.query, "name");
  const errors = useQuery(
    `errors?${place.value.query}`,
    () => answered(api.GET("/errors/", { params: { query: page } })),
    30,
  );
  return (
    <>
      <Head title="Errors" name="Errors">
        {may("operator") && (
          <Link to="/errors/new" class="button">
            New error
          </Link>
        )}
      </Head>
      <List
        label="Errors"
        noun="error"
        order="name"
        query={errors}
        columns={COLUMNS}
        empty={<Empty title="There is no error yet">Scale brings its own once it has been started.</Empty>}
      />
    </>
  );
}

/** Make an error. */
export function NewErrorPage() {
  return (
    <Editor
      schema="NewError"
      title="New error"
      trail={["/errors", "Errors"]}
      needs="operator"
      effect={() => <p>Error mappings of job types can name it. Its name stays as it is.</p>}
      save={async (value) => {
        const made = await answered(api.POST("/errors/", { body: value as unknown as NewError }));
        return `/errors/${made.id}`;
      }}
    />
  );
}

/** One error, to look at and to change. */
export function ErrorPage({ parts }: { parts: Parts }) {
  const path = { error_id: Number(parts["id"]) };
  const error = useQuery(
    `error ${path.error_id}`,
    () => answered(api.GET("/errors/{error_id}/", { params: { path } })),
    15,
  );
  return (
    <Loaded query={error}>
      {(found) => (
        <Editor
          schema="ErrorEdit"
          title={titled(found)}
          trail={["/errors", "Errors"]}
          needs="operator"
          current={found}
          effect={(_, changed) => (
            <p>
              {"category" in changed
                ? "Who is at fault is said of jobs that have failed with it, too."
                : "Jobs that have failed with it show the new words, too."}
            </p>
          )}
          save={async (_, changed) => {
            await answered(api.PATCH("/errors/{error_id}/", { params: { path }, body: changed as ErrorEdit }));
            return "/errors";
          }}
        />
      )}
    </Loaded>
  );
}
