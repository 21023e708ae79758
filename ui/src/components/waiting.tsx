import type { WaitingSummary } from "../api/schema";
import { count, plural } from "../lib/format";
import { Empty, Link } from "./basics";

/** How many jobs wait. */
export function WaitingSum({ of }: { of: WaitingSummary }) {
  return <span class="hint">{plural(of.count, "waiting job")}</span>;
}

/** What keeps jobs from running, in words, and how many each thing keeps. */
export function WaitingReasons({ of }: { of: WaitingSummary }) {
  if (!of.reasons.length) {
    return of.count ? (
      <Empty title="For nothing">They are about to start.</Empty>
    ) : (
      <Empty title="No job waits">What is queued next starts at once, if there is room.</Empty>
    );
  }
  return (
    <ul class="waiting-reasons">
      {of.reasons.map((one) => (
        <li key={one.reason + one.message}>
          <b class="number">{count(one.count)}</b>
          <div>
            <p>{one.message}</p>
            <p class="hint">
              {one.job_types.slice(0, 6).map((type, index) => (
                <span key={type.job_type_id}>
                  {index > 0 && ", "}
                  <Link to={`/job-types/${type.job_type_id}`}>{type.job_type_name}</Link> {count(type.count)}
                </span>
              ))}
              {one.job_types.length > 6 && ` and ${plural(one.job_types.length - 6, "other job type")}`}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
