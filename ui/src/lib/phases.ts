import type { JobExecutionSummary } from "../api/schema";

/** A part of an execution, from and to as shares of a time span. */
export interface Phase {
  name: "queued" | "pre" | "job" | "post";
  from: number;
  to: number;
  ms: number;
  exitCode: number | null;
  isOpen: boolean;
}

type Times = Pick<
  JobExecutionSummary,
  | "queued"
  | "started"
  | "ended"
  | "pre_started"
  | "pre_completed"
  | "pre_exit_code"
  | "job_started"
  | "job_completed"
  | "job_exit_code"
  | "post_started"
  | "post_completed"
  | "post_exit_code"
>;

/** What an execution went through, each as long as it took; one that goes on lasts until now. */
export function phases(times: Times, now: number): Phase[] {
  const end = times.ended ? Date.parse(times.ended) : now;
  const begin = Date.parse(times.queued);
  const span = Math.max(1, end - begin);
  const found: Phase[] = [];
  const add = (name: Phase["name"], from: string | null, to: string | null, exitCode: number | null) => {
    if (!from) return;
    const [first, last] = [Date.parse(from), to ? Date.parse(to) : end];
    const share = (moment: number) => Math.min(1, Math.max(0, (moment - begin) / span));
    found.push({ name, from: share(first), to: share(last), ms: last - first, exitCode, isOpen: !to && !times.ended });
  };
  add("queued", times.queued, times.started ?? times.ended, null);
  add("pre", times.pre_started, times.pre_completed, times.pre_exit_code);
  add("job", times.job_started, times.job_completed, times.job_exit_code);
  add("post", times.post_started, times.post_completed, times.post_exit_code);
  return found;
}
