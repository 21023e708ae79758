import type { JobStatus, JobStatusCount } from "../api/schema";

const NONE: Record<JobStatus, number> = {
  PENDING: 0,
  BLOCKED: 0,
  QUEUED: 0,
  RUNNING: 0,
  FAILED: 0,
  COMPLETED: 0,
  CANCELED: 0,
};

/** How many jobs there are of each status; failures of all categories together. */
export function tally(counts: readonly JobStatusCount[]): Record<JobStatus, number> {
  const sums = { ...NONE };
  for (const one of counts) sums[one.status] += one.count;
  return sums;
}

/** The share of ended jobs that failed; null: none has ended. */
export function failureRate(counts: readonly JobStatusCount[]): number | null {
  const { FAILED, COMPLETED } = tally(counts);
  return FAILED + COMPLETED ? FAILED / (FAILED + COMPLETED) : null;
}
