import { answered, api } from "../api/client";
import type { CancelJobs, ChangedJobs, RequeueJobs } from "../api/schema";
import { count, plural } from "../lib/format";
import { useQuery } from "../lib/query";
import { go } from "../lib/router";
import type { Selection } from "../lib/selection";
import { Loaded } from "./basics";
import { Confirm } from "./dialog";

export type Change = "requeue" | "cancel";

/** Ask for a change; `isTrial`: only what it would reach. What has another status than the change is for is refused. */
function ask(change: Change, which: Selection, isTrial: boolean): Promise<ChangedJobs> {
  return change === "requeue"
    ? answered(api.POST("/queue/requeue-jobs/", { body: { ...(which as RequeueJobs), dry_run: isTrial } }))
    : answered(api.POST("/queue/cancel-jobs/", { body: { ...(which as CancelJobs), dry_run: isTrial } }));
}

interface Props {
  change: Change;
  which: Selection;
  close: () => void;
  done: () => Promise<void>;
}

/** What a change of many jobs would reach, and the change once that is agreed to. */
export function BulkChange({ change, which, close, done }: Props) {
  const preview = useQuery(`${change} ${JSON.stringify(which)}`, () => ask(change, which, true));
  const verb = change === "requeue" ? "Requeue" : "Cancel";
  const many = preview.data?.count ?? 0;
  return (
    <Confirm
      title={`${verb} jobs`}
      verb={many ? `${verb} ${plural(many, "job")}` : verb}
      isDangerous={change === "cancel"}
      isReady={many > 0}
      close={close}
      act={async () => {
        const changed = await ask(change, which, false);
        // What is too much for one answer is left to a job, whose page shows how far it is.
        if (changed.job) go(`/jobs/${changed.job.id}`);
        await done();
      }}
    >
      <Loaded query={preview}>{(found) => <Preview found={found} change={change} />}</Loaded>
    </Confirm>
  );
}

function Preview({ found, change }: { found: ChangedJobs; change: Change }) {
  if (!found.count) {
    return (
      <p>
        {change === "requeue"
          ? "None of these jobs can be requeued: only those that failed or were canceled can."
          : "None of these jobs can be canceled: only those that wait or run can, and failed ones if that is the status chosen."}
      </p>
    );
  }
  return (
    <>
      <p>
        {change === "requeue"
          ? "These jobs are queued again, and may fail as often as a new job:"
          : "These jobs are canceled; what depends on them is blocked, and what runs of them is ended:"}
      </p>
      <ul class="preview">
        {found.job_types.map((type) => (
          <li key={type.job_type_id}>
            <b>{count(type.count)}</b> {type.job_type_name} <small>{type.job_type_version}</small>
          </li>
        ))}
      </ul>
    </>
  );
}
