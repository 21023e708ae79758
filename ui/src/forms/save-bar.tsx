import { Link, Problem } from "../components/basics";
import { Confirm } from "../components/dialog";
import { plural } from "../lib/format";
import { isGuarded, leave, place } from "../lib/router";
import { dropDraft, pageOf } from "./draft";
import type { Editing } from "./editing";

interface BarProps {
  editing: Editing;
  isNew: boolean;
  isReadable: boolean;
  canCheck: boolean;
  to: string;
  attempt: (what: "check" | "save") => Promise<void>;
}

/** What can be done with a document, always in sight. */
export function SaveBar({ editing, isNew, isReadable, canCheck, to, attempt }: BarProps) {
  const isIdle = !isNew && !editing.isChanged;
  const verb = isNew ? "Create" : "Save";
  return (
    <footer class="save-bar">
      {editing.error && <Problem error={editing.error} />}
      <div>
        <button type="submit" class="primary" disabled={editing.isBusy || isIdle || !isReadable} title="Ctrl+S">
          {editing.warnings?.length ? `${verb} in spite of warnings` : verb}
        </button>
        {canCheck && (
          <button
            type="button"
            disabled={editing.isBusy || isIdle || !isReadable}
            onClick={() => void attempt("check")}
          >
            Check
          </button>
        )}
        <Link to={to} class="button">
          Cancel
        </Link>
        <span class="hint" role="status">
          {state(editing, isNew)}
        </span>
      </div>
    </footer>
  );
}

function state(editing: Editing, isNew: boolean): string {
  if (editing.isBusy) return "Asking the API…";
  const many = editing.faults.length;
  if (many) return `${plural(many, "field")} ${many === 1 ? "needs" : "need"} another look.`;
  if (isNew) return editing.isChanged ? "Not created yet." : "";
  return editing.changes.length ? `${plural(editing.changes.length, "unsaved change")}.` : "";
}

/** Whoever leaves what is unsaved is asked. */
export function Leaving() {
  const here = pageOf(place.value);
  const next = leave.value;
  return (
    <Confirm
      title="Leave without saving?"
      verb="Leave, and lose it"
      isDangerous
      close={() => {
        leave.value = null;
      }}
      act={async () => {
        isGuarded.value = false;
        dropDraft(here);
        next?.();
      }}
    >
      <p>What you have changed on this page is not saved.</p>
    </Confirm>
  );
}
