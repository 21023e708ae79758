import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { answered, api, apiRoot } from "../api/client";
import type { LogStream } from "../api/schema";
import { appended, pieces } from "../lib/log";
import { useQuery } from "../lib/query";
import { Problem, Waiting } from "./basics";

/** What has been read of the logs of an execution so far. */
interface Read {
  stdout: string;
  stderr: string;
  stdout_offset: number;
  stderr_offset: number;
  /** Whether the logs grow no more. */
  isEnded: boolean;
}

const UNREAD: Read = { stdout: "", stderr: "", stdout_offset: 0, stderr_offset: 0, isEnded: false };

/** The logs of an execution as they grow: each answer goes on where the last one ended. */
function useLog(id: number) {
  const read = useRef<Read>(UNREAD);
  const [isFinished, finish] = useState(false);
  const query = useQuery(
    `log ${id}`,
    async () => {
      const { stdout_offset, stderr_offset } = read.current;
      const found = await answered(
        api.GET("/job-executions/{job_exe_id}/logs/", {
          params: { path: { job_exe_id: id }, query: { stdout_offset, stderr_offset } },
        }),
      );
      const isNew = found.stdout_next_offset > stdout_offset || found.stderr_next_offset > stderr_offset;
      read.current = {
        stdout: appended(read.current.stdout, found.stdout),
        stderr: appended(read.current.stderr, found.stderr),
        stdout_offset: found.stdout_next_offset,
        stderr_offset: found.stderr_next_offset,
        isEnded: found.is_finished,
      };
      // A long log comes in pieces: all of it is there once nothing more comes.
      finish(found.is_finished && !isNew);
      return read.current;
    },
    isFinished ? undefined : 1,
  );
  return { log: query.data, error: query.error };
}

const STREAMS: readonly LogStream[] = ["stdout", "stderr"];

/** The logs of an execution: one of both at a time, followed to its end, and searched. */
export function Log({ id, first }: { id: number; first: LogStream }) {
  const { log, error } = useLog(id);
  const [stream, choose] = useState<LogStream>(first);
  const [sought, seek] = useState("");
  const [isFollowed, follow] = useState(true);
  return (
    <div class="log">
      <div class="tools">
        {STREAMS.map((one) => (
          <button key={one} type="button" class="tab" aria-pressed={one === stream} onClick={() => choose(one)}>
            {one}
          </button>
        ))}
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          value={sought}
          onInput={(event) => seek(event.currentTarget.value)}
        />
        <label class="check">
          <input type="checkbox" checked={isFollowed} onChange={(event) => follow(event.currentTarget.checked)} />
          Follow
        </label>
        <a href={`${apiRoot}/job-executions/${id}/logs/${stream}/`} target="_blank" rel="noreferrer">
          All of it
        </a>
        <span class="hint">{log && (log.isEnded ? "ended" : "live")}</span>
      </div>
      {error && <Problem error={error} />}
      {log && <Lines text={log[stream]} sought={sought} isFollowed={isFollowed} isEnded={log.isEnded} />}
      {!log && !error && <Waiting />}
    </div>
  );
}

function Lines({
  text,
  sought,
  isFollowed,
  isEnded,
}: {
  text: string;
  sought: string;
  isFollowed: boolean;
  isEnded: boolean;
}) {
  const element = useRef<HTMLPreElement>(null);
  const found = useMemo(() => pieces(text, sought), [text, sought]);
  const hits = found.filter((piece) => piece.isHit).length;
  useEffect(() => {
    const shown = element.current;
    if (!shown) return;
    if (sought) shown.querySelector("mark")?.scrollIntoView({ block: "nearest" });
    else if (isFollowed) shown.scrollTop = shown.scrollHeight;
  }, [text, isFollowed, sought]);
  return (
    <>
      {sought && (
        <p class="hint" role="status">
          {hits ? `${hits} found` : "Nothing found"}
        </p>
      )}
      <pre ref={element} class="lines" tabIndex={0} role="log" aria-label="Log">
        {text ? (
          found.map((piece, index) => (piece.isHit ? <mark key={index}>{piece.text}</mark> : piece.text))
        ) : (
          <span class="none">{isEnded ? "It has written nothing." : "Nothing yet."}</span>
        )}
      </pre>
    </>
  );
}
