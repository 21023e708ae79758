import { useState } from "preact/hooks";
import type { Definition } from "../lib/definition";

export function Tabs({ isText, choose }: { isText: boolean; choose: (isText: boolean) => void }) {
  return (
    <div role="group" aria-label="How it is shown" class="tabs">
      {([false, true] as const).map((one) => (
        <button key={String(one)} type="button" class="small" aria-pressed={isText === one} onClick={() => choose(one)}>
          {one ? "JSON" : "Drawing"}
        </button>
      ))}
    </div>
  );
}

/** The definition as text; it counts as soon as it can be read. */
export function DefinitionText({
  definition,
  change,
}: {
  definition: Definition;
  change: (definition: Definition) => void;
}) {
  const [text, setText] = useState(() => JSON.stringify(definition, null, 2));
  const [fault, setFault] = useState("");
  const type = (next: string) => {
    setText(next);
    try {
      const read: unknown = JSON.parse(next);
      if (!isDefinition(read))
        throw new SyntaxError("A definition is an object with a list of jobs, each with a name.");
      setFault("");
      change(read);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      setFault(error.message);
    }
  };
  return (
    <>
      <textarea
        class="code whole"
        aria-label="Definition as JSON"
        spellcheck={false}
        rows={20}
        value={text}
        {...(fault ? { "aria-invalid": true } : {})}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {fault && (
        <em class="fault" role="alert">
          {fault}
        </em>
      )}
    </>
  );
}

/** Whether it can be drawn; all else is for the API to say. */
function isDefinition(read: unknown): read is Definition {
  const jobs = (read as Definition | null)?.jobs;
  return (
    Array.isArray(jobs) &&
    jobs.every((job) => typeof job?.name === "string" && typeof job.job_type?.name === "string") &&
    Array.isArray((read as Definition).input_data ?? [])
  );
}
