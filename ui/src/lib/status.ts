import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { SystemStatus } from "../api/schema";
import type { Query } from "./query";

/** How the system is: asked for once, whoever on a page wants to know. */
export const StatusContext = createContext<Query<SystemStatus> | null>(null);

/** @throws Error it is used outside of the frame around pages. */
export function useStatus(): Query<SystemStatus> {
  const found = useContext(StatusContext);
  if (!found) throw new Error("The status is known inside the frame of pages only.");
  return found;
}
