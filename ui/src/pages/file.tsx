import { useLayoutEffect, useRef } from "preact/hooks";
import { answered, api, apiRoot, orError } from "../api/client";
import { ApiError } from "../api/problem";
import type { FileLineage, ProductDetails, ScaleFile, SourceDetails } from "../api/schema";
import { Badge, Facts, Head, Json, Link, Loaded, Panel, Problem, Time } from "../components/basics";
import { FootprintMap } from "../components/footprint-map";
import { Graph } from "../components/graph";
import { Preview } from "../components/preview";
import { bytes, titled } from "../lib/format";
import { graphOfLineage } from "../lib/lineage";
import { useQuery } from "../lib/query";
import type { Parts } from "../routes";

/** A file, and what it is. */
type Found = { kind: "product"; file: ProductDetails } | { kind: "source"; file: SourceDetails };

/** What an answer has; null where there is no such thing. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  });
}

async function product(id: string): Promise<Found> {
  const params = { path: { product_id: id } };
  return { kind: "product", file: await answered(api.GET("/products/{product_id}/", { params })) };
}

async function source(id: string): Promise<Found> {
  const params = { path: { source_id: id } };
  return { kind: "source", file: await answered(api.GET("/sources/{source_id}/", { params })) };
}

export function ProductPage({ parts }: { parts: Parts }) {
  return <FilePage id={parts["id"] ?? ""} find={product} />;
}

export function SourcePage({ parts }: { parts: Parts }) {
  return <FilePage id={parts["id"] ?? ""} find={source} />;
}

/** A file of which it is not known what it is, as an input of a job. */
export function AnyFilePage({ parts }: { parts: Parts }) {
  return <FilePage id={parts["id"] ?? ""} find={async (id) => (await orNull(product(id))) ?? source(id)} />;
}

/** A file with its lineage: both are drawn at once, as one stands above what the other has. */
async function withLineage(found: Promise<Found>, id: string) {
  const params = { path: { file_id: Number(id) }, query: {} };
  const lineage = orError(answered(api.GET("/files/{file_id}/lineage/", { params })));
  return { ...(await found), lineage: await lineage };
}

/** One file: what it is, what it looks like, and its lineage. */
function FilePage({ id, find }: { id: string; find: (id: string) => Promise<Found> }) {
  const found = useQuery(`file ${id}`, () => withLineage(find(id), id), 10);
  const kind = found.data?.kind;
  return (
    <>
      <Head
        name={found.data?.file.file_name ?? `File ${id}`}
        title={
          <>
            {found.data?.file.file_name ?? `File ${id}`}{" "}
            {found.data?.file.is_deleted && <Badge means="ended">deleted</Badge>}
          </>
        }
        trail={kind && <Link to={`/${kind}s`}>{kind === "source" ? "Sources" : "Products"}</Link>}
      >
        {found.data && !found.data.file.is_deleted && (
          <a
            class="button"
            href={`${apiRoot}/files/${found.data.file.id}/content/`}
            download={found.data.file.file_name}
          >
            Download {bytes(found.data.file.file_size)}
          </a>
        )}
      </Head>
      <Loaded query={found}>{(one) => <Body found={one} />}</Loaded>
    </>
  );
}

function Body({ found }: { found: Found & { lineage: FileLineage | ApiError } }) {
  const { file } = found;
  return (
    <>
      <Lineage of={found.lineage} />
      <div class="columns">
        <Panel title="About">
          <Facts of={[...about(file), ...(found.kind === "product" ? made(found.file) : parsed(found.file))]} />
        </Panel>
        {file.geometry && <FootprintMap name={file.file_name} geometry={file.geometry} kind={`${found.kind}s`} />}
        {!file.is_deleted && <Preview file={file} />}
        {Object.keys(file.meta_data).length > 0 && (
          <Panel title="Metadata">
            <Json of={file.meta_data} label="Metadata" />
          </Panel>
        )}
      </div>
    </>
  );
}

/** Where the file comes from and what became of it. */
function Lineage({ of }: { of: FileLineage | ApiError }) {
  const isCut = !(of instanceof ApiError || of.is_complete);
  return (
    <Panel title="Lineage" aside={isCut && <span class="hint">the newest files and jobs; there are more</span>}>
      {of instanceof ApiError ? <Problem error={of} /> : <LineageGraph of={of} />}
    </Panel>
  );
}

function LineageGraph({ of }: { of: FileLineage }) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // What comes before a product may be wider than the page: it is the file itself that one wants to see first.
    const [graph, current] = [".graph", ".node.current"].map((one) => element.current?.querySelector(one));
    if (!graph || !current) return;
    const [outer, inner] = [graph.getBoundingClientRect(), current.getBoundingClientRect()];
    if (inner.right > outer.right) graph.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
  }, []);
  return (
    <div ref={element}>
      <Graph label="Lineage of the file" boxes={graphOfLineage(of)} />
    </div>
  );
}

type Fact = Parameters<typeof Facts>[0]["of"][number];

function about(file: ScaleFile): Fact[] {
  return [
    ["Media type", file.media_type],
    ["Size", bytes(file.file_size)],
    ["Data types", file.data_type.join(", ") || "none"],
    ["Workspace", <Link to={`/workspaces/${file.workspace.id}`}>{file.workspace.name}</Link>],
    ["Path", <code>{file.file_path}</code>],
    ["Created", <Time at={file.created} />],
    ["Data from", <Time at={file.data_started} />],
    ["Data until", <Time at={file.data_ended} />],
    ["Footprint", file.geometry ? <code>{file.geometry}</code> : "none"],
    ["Countries", file.countries.join(", ") || "none"],
    ["UUID", <code>{file.uuid}</code>],
  ];
}

function made(file: ProductDetails): Fact[] {
  return [
    ["Job type", <Link to={`/job-types/${file.job_type.id}`}>{titled(file.job_type)}</Link>],
    ["Job", <Link to={`/jobs/${file.job.id}`}>{file.job.id}</Link>],
    ["Published", file.is_published ? <Time at={file.published} /> : "no"],
    ["Operational", file.is_operational ? "yes" : "no"],
  ];
}

function parsed(file: SourceDetails): Fact[] {
  return [["Parsed", file.is_parsed ? <Time at={file.parsed} /> : "no"]];
}
