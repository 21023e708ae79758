import type { ComponentChildren } from "preact";
import type { JobReference, ScanProgress } from "../api/schema";
import { bytes, count } from "../lib/format";
import { hasEnded } from "../lib/states";
import { Empty, Facts, Link, Panel, Status, Time } from "./basics";

/** What a look through files has found so far, rule by rule. */
export function ScanProgressPanel(props: {
  title: string;
  progress: ScanProgress | null;
  job: JobReference | null;
  children: ComponentChildren;
}) {
  const { progress, job } = props;
  return (
    <Panel
      title={props.title}
      aside={
        job && (
          <>
            <Status of={job.status} /> <Link to={`/jobs/${job.id}`}>job {job.id}</Link>
          </>
        )
      }
    >
      {progress ? (
        <Found progress={progress} />
      ) : (
        <Empty title={job && !hasEnded(job.status) ? "It waits" : "Not yet"}>{props.children}</Empty>
      )}
    </Panel>
  );
}

function Found({ progress }: { progress: ScanProgress }) {
  return (
    <>
      <Facts
        of={[
          [
            "Seen",
            `${count(progress.files_seen)} files, ${bytes(progress.bytes_seen)}, ${count(progress.folders)} folders`,
          ],
          ["Taken", `${count(progress.files_taken)} files, ${bytes(progress.bytes_taken)}`],
          ["Known already", count(progress.files_known)],
          ["Matched by no rule", count(progress.files_unmatched)],
          ["Refused", count(progress.files_refused)],
          ["Began", <Time at={progress.started} />],
          progress.ended
            ? ["Ended", <Time at={progress.ended} />]
            : ["Is at", <code>{progress.at ?? "the first"}</code>],
        ]}
      />
      {progress.rules.map((rule, index) => (
        <section key={index} class="started">
          <h3>
            Rule {index + 1} takes {count(rule.files)} files, {bytes(rule.bytes)}
          </h3>
          <ul>
            {rule.examples.map((example) => (
              <li key={example}>
                <code>{example}</code>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {progress.refused.length > 0 && (
        <section class="started">
          <h3>Refused</h3>
          <ul>
            {progress.refused.map((one) => (
              <li key={one.path}>
                <code>{one.path}</code>: {one.reason}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
