import type { Fault } from "../api/problem";
import type { ValidationResult } from "../api/schema";
import type { Query } from "../lib/query";
import { Badge, Panel } from "./basics";

/** What the API says of a recipe type while it is edited: what is wrong, what it warns of, and what a change reaches. */
export function RecipeCheck(props: { query: Query<ValidationResult>; faults: readonly Fault[]; isSettled: boolean }) {
  const { query, faults } = props;
  // That a change is one of something that exists is no news.
  const warnings = query.error ? [] : (query.data?.warnings ?? []).filter((one) => one.id !== "exists");
  const [reached, odd] = [true, false].map((isReach) =>
    warnings.filter((one) => one.id.startsWith("reaches_") === isReach).map((one) => one.details),
  );
  const aside =
    !props.isSettled || query.isOld ? (
      <span class="hint">checking…</span>
    ) : query.error ? (
      <Badge means="bad">not yet right</Badge>
    ) : (
      <Badge means="good">right</Badge>
    );
  return (
    <Panel title="Check" aside={aside}>
      <div role="status">
        {query.error && faults.length === 0 && <p>{query.error.message}</p>}
        {query.error && faults.length > 0 && (
          <ul class="told bad">
            {faults.map((fault) => (
              <li key={fault.pointer + fault.detail}>
                <code>{fault.pointer}</code> {fault.detail}
              </li>
            ))}
          </ul>
        )}
        <Told title="Warnings" of={odd ?? []} />
        <Told title="What the change reaches" of={reached ?? []} />
        {!query.error && !warnings.length && <p class="hint">Nothing is wrong, nothing is to be warned of.</p>}
      </div>
    </Panel>
  );
}

function Told({ title, of }: { title: string; of: readonly string[] }) {
  if (!of.length) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="told">
        {of.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </>
  );
}
