import { isSame } from "../lib/pointer";
import type { Kept } from "./kept";

/** What is to be known of what somebody has begun: that it was kept, and what others have made of it meanwhile. */
export function Begun<T>({ kept, now }: { kept: Pick<Kept<T>, "base" | "isKept" | "isChanged" | "restart">; now: T }) {
  return (
    <>
      {kept.isKept && kept.isChanged && (
        <p class="notice" role="status">
          What you had begun was kept.{" "}
          <button type="button" class="small" onClick={() => kept.restart(now)}>
            Discard it
          </button>
        </p>
      )}
      {!isSame(now, kept.base) && (
        <p class="notice" role="status">
          Meanwhile it has been changed elsewhere. What you have not changed stays as it is there.{" "}
          <button type="button" class="small" onClick={() => kept.restart(now)}>
            Begin anew with that
          </button>
        </p>
      )}
    </>
  );
}
