import type { JobExecutionSummary } from "../api/schema";
import { duration } from "../lib/format";
import { type Phase, phases } from "../lib/phases";
import { now } from "../lib/time";
import { Link, Status, Time } from "./basics";

const NAMES: Record<Phase["name"], string> = { queued: "queued", pre: "pre", job: "job", post: "post" };

/** The executions of a job, the newest first: what each went through, and for how long. */
export function Timeline(props: {
  executions: JobExecutionSummary[];
  chosen: number | undefined;
  choose: (id: number) => void;
}) {
  return (
    <ol class="timeline">
      {props.executions.map((execution, index) => (
        <li key={execution.id} class={execution.id === props.chosen ? "chosen" : ""}>
          <button type="button" aria-pressed={execution.id === props.chosen} onClick={() => props.choose(execution.id)}>
            <span class="try">Try {props.executions.length - index}</span>
            <Status of={execution.status} />
            <Time at={execution.started ?? execution.queued} />
          </button>
          {execution.node && (
            <Link to={`/nodes/${execution.node.id}`} class="where">
              Node {execution.node.id}
            </Link>
          )}
          <Phases execution={execution} />
        </li>
      ))}
    </ol>
  );
}

function Phases({ execution }: { execution: JobExecutionSummary }) {
  const found = phases(execution, now.value);
  return (
    <div class="phases">
      <div class="lane" aria-hidden="true">
        {found.map((phase) => (
          <span
            key={phase.name}
            class={`${phase.name} ${phase.exitCode ? "failed" : ""} ${phase.isOpen ? "open" : ""}`}
            style={{ left: `${phase.from * 100}%`, width: `max(2px, ${(phase.to - phase.from) * 100}%)` }}
          />
        ))}
      </div>
      <ul>
        {found.map((phase) => (
          <li key={phase.name} class={phase.name}>
            {NAMES[phase.name]} <b>{duration(phase.ms)}</b>
            {phase.exitCode ? <em> exit code {phase.exitCode}</em> : null}
          </li>
        ))}
      </ul>
    </div>
  );
}
