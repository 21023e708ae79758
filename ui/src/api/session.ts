import { signal } from "@preact/signals";
import { answered, api, csrf } from "./client";
import { ApiError } from "./problem";
import type { Role, Session } from "./schema";

/** Who asks: null until it is known, "unknown" where somebody has to sign in. */
export const session = signal<Session | "unknown" | null>(null);
/** Why it cannot be found out. */
export const sessionError = signal<ApiError | null>(null);

const RANKS: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

function begin(found: Session): void {
  csrf.token = found.csrf_token;
  session.value = found;
  sessionError.value = null;
}

/** Ask who asks. */
export async function findSession(): Promise<void> {
  try {
    begin(await answered(api.GET("/session/")));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) signedOut();
    else sessionError.value = error;
  }
}

/** @throws ApiError name and password do not fit, or there were too many attempts. */
export async function signIn(name: string, password: string): Promise<void> {
  begin(await answered(api.POST("/session/", { body: { name, password } })));
}

export async function signOut(): Promise<void> {
  await answered(api.DELETE("/session/"));
  signedOut();
}

/** The session has ended, or there was none. */
export function signedOut(): void {
  csrf.token = null;
  session.value = "unknown";
}

/** Whether who asks may do what needs this role. */
export function may(role: Role): boolean {
  const known = session.value;
  return known !== null && known !== "unknown" && RANKS[known.role] >= RANKS[role];
}
