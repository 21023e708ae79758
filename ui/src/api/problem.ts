import type { Problem } from "./schema";

/** One fault and its place, as the API says it. */
export type Fault = NonNullable<Problem["errors"]>[number];

/** What the API answered instead of what was asked for; `status` 0: it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly faults: readonly Fault[] = [],
  ) {
    super(detail);
  }

  /** What is wrong with one field of a form, by its JSON pointer. */
  about(pointer: string): string | undefined {
    const found = this.faults.filter((fault) => fault.pointer === pointer).map((fault) => fault.detail);
    return found.length ? found.join(" ") : undefined;
  }
}

/** The error that an answer with this body is. Proxies answer in other words than Scale does. */
export function apiError(status: number, statusText: string, body: unknown): ApiError {
  if (isProblem(body)) return new ApiError(status, body.title, body.detail, body.errors ?? []);
  const detail = typeof body === "string" && body.trim() ? body.trim().slice(0, 500) : `The answer was ${status}.`;
  return new ApiError(status, statusText || "Error", detail);
}

/** The error of a request that was not answered. */
export function unreachable(): ApiError {
  return new ApiError(0, "No answer", "Scale does not answer. This page goes on by itself once it does.");
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && "title" in body;
}
