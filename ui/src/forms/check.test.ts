import { expect, test } from "vitest";
import { check } from "./check";
import type { Root } from "./schema";

interface Refused {
  why: string;
  pointer: string;
  document: unknown;
}

// Those that people write in forms, as text: what vite does with JSON takes long.
const schemas = parsed<Root>(
  import.meta.glob<string>(
    "../../../specs/{strike,scan,workspace,*-interface,*-trigger,custom-resources,retention,job-data}/1.*.json",
    { eager: true, import: "default", query: "?raw" },
  ),
);
const valid = parsed<unknown>(
  import.meta.glob<string>(
    "../../../specs/{strike,scan,workspace,*-interface,*-trigger,custom-resources,retention,job-data}/valid/*.json",
    { eager: true, import: "default", query: "?raw" },
  ),
);
const invalid = parsed<Refused>(
  import.meta.glob<string>(
    "../../../specs/{strike,scan,workspace,*-interface,*-trigger,custom-resources,retention,job-data}/invalid/*.json",
    { eager: true, import: "default", query: "?raw" },
  ),
);

function parsed<T>(files: Record<string, string>): Record<string, T> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, JSON.parse(text) as T]));
}

/** The schema in the version that a document names, or the latest. */
function schemaOf(path: string, document: unknown): Root {
  const folder = path.replace(/\/(in)?valid\/.*/, "");
  const versions = Object.keys(schemas).filter((name) => name.startsWith(`${folder}/`));
  const named = (document as { version?: unknown } | null)?.version;
  const found = schemas[`${folder}/${named}.json`] ?? schemas[versions.sort().at(-1) ?? ""];
  if (!found) throw new Error(`${path} has no schema.`);
  return found;
}

test("every document that the API takes has no fault", () => {
  let seen = 0;
  for (const [path, document] of Object.entries(valid)) {
    const schema = schemaOf(path, document);
    seen += 1;
    expect(check(schema, document), path).toEqual([]);
  }
  expect(seen).toBeGreaterThan(40);
});

// What the schemas cannot say, or formats do: only the API knows.
const BESIDE =
  /too-large|rule-regex-(broken|unclosed)|data-ended|data-started|schedule-|started-without-zone|without-zone|nul\.json/;

test("what the API refuses has a fault at the same place", () => {
  let seen = 0;
  for (const [path, { document, pointer }] of Object.entries(invalid)) {
    const schema = schemaOf(path, document);
    if (BESIDE.test(path)) continue;
    seen += 1;
    const faults = check(schema, document).map((fault) => fault.pointer);
    // A field that is missing is told at its own place here, so that it stands beside it, and by the API at that of all.
    const places = faults.flatMap((place) => [place, place.replace(/\/[^/]*$/, "")]);
    expect(places, path).toContain(pointer);
  }
  expect(seen).toBeGreaterThan(150);
});
