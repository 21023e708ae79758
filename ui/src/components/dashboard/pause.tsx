import { useState } from "preact/hooks";
import { answered, api } from "../../api/client";
import type { SystemStatus } from "../../api/schema";
import { Confirm } from "../dialog";

/** Pauses the scheduler, or lets it go on. */
export function Pause({ status, changed }: { status: SystemStatus | undefined; changed: () => Promise<void> }) {
  const [isAsking, ask] = useState(false);
  const isPaused = status?.scheduler.is_paused ?? false;
  const verb = isPaused ? "Resume the scheduler" : "Pause the scheduler";
  return (
    <>
      <button type="button" class={isPaused ? "primary" : ""} disabled={!status} onClick={() => ask(true)}>
        {verb}
      </button>
      {isAsking && (
        <Confirm
          title={`${verb}?`}
          verb={verb}
          close={() => ask(false)}
          act={async () => {
            await answered(api.PATCH("/scheduler/", { body: { is_paused: !isPaused } }));
            await changed();
          }}
        >
          <p>
            {isPaused
              ? "Queued jobs are placed on nodes again."
              : "Nothing new is placed on any node. What runs goes on; files are ingested."}
          </p>
        </Confirm>
      )}
    </>
  );
}
