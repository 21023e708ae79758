import type { ErrorCategory, IngestStatus, JobExecutionStatus, JobStatus } from "../api/schema";

/** What a state means for whoever looks: one colour and one sign each, everywhere. */
export type Meaning = "waiting" | "held" | "active" | "good" | "bad" | "ended" | "warn";

const JOBS: Record<JobStatus, Meaning> = {
  PENDING: "waiting",
  BLOCKED: "held",
  QUEUED: "waiting",
  RUNNING: "active",
  FAILED: "bad",
  COMPLETED: "good",
  CANCELED: "ended",
};

const INGESTS: Record<IngestStatus, Meaning> = {
  TRANSFERRING: "active",
  TRANSFERRED: "waiting",
  DEFERRED: "held",
  INGESTING: "active",
  INGESTED: "good",
  ERRORED: "bad",
  DUPLICATE: "ended",
};

export const JOB_STATUSES = Object.keys(JOBS) as JobStatus[];
export const INGEST_STATUSES = Object.keys(INGESTS) as IngestStatus[];

export const meaningOf = (status: JobStatus | JobExecutionStatus | IngestStatus): Meaning =>
  ({ ...INGESTS, ...JOBS })[status];

/** Whether a job will not change by itself any more. */
export const hasEnded = (status: JobStatus): boolean => ["FAILED", "COMPLETED", "CANCELED"].includes(status);
export const canCancel = (status: JobStatus): boolean => !["COMPLETED", "CANCELED"].includes(status);
export const canRequeue = (status: JobStatus): boolean => status === "FAILED" || status === "CANCELED";

/** Who is at fault, in words. */
export const FAULTS: Record<ErrorCategory, string> = {
  SYSTEM: "Scale or the machines that it runs on",
  ALGORITHM: "the algorithm",
  DATA: "the data",
};
