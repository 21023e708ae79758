import createClient, { type Middleware } from "openapi-fetch";
import { ApiError, apiError, unreachable } from "./problem";
import type { paths } from "./schema";

/** Where the API is: one step above this interface, which `<base>` says the place of. */
export const apiRoot = new URL("..", document.baseURI).href.replace(/\/$/, "");

/** What requests of a session that change something have to show; set by whoever learns it. */
export const csrf: { token: string | null } = { token: null };

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf.token && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf.token);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: apiRoot, headers: { Accept: "application/json" } });
api.use(guard);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * What was asked for.
 *
 * @throws ApiError the API answered something else, or nothing.
 */
export async function answered<T>(asked: Promise<Answer<T>>): Promise<T> {
  const answer = await asked.catch((problem: unknown) => {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw unreachable();
  });
  if (!answer.response.ok) throw apiError(answer.response.status, answer.response.statusText, answer.error);
  return answer.data as T;
}

/** What was asked for, or what went wrong with it: where the rest of a page is shown all the same. */
export async function orError<T>(asked: Promise<T>): Promise<T | ApiError> {
  return asked.catch((error: unknown) => {
    if (error instanceof ApiError) return error;
    throw error;
  });
}
