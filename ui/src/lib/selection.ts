import type { JobStatus } from "../api/schema";

/** Filters of the list of jobs. */
export interface JobFilters {
  status?: JobStatus;
  started?: string;
  job_type_name?: string[];
  job_type_id?: number[];
  job_type_category?: string[];
}

/** What a change of many jobs goes by. */
export interface Selection {
  status?: JobStatus;
  started?: string;
  job_ids?: number[];
  job_type_names?: string[];
  job_type_ids?: number[];
  job_type_categories?: string[];
}

/** The jobs that are ticked; without any, all that the filters show. */
export function selection(filters: JobFilters, ids: ReadonlySet<number>): Selection {
  if (ids.size) return { job_ids: [...ids].sort((a, b) => a - b) };
  return {
    ...(filters.status ? { status: filters.status } : {}),
    ...(filters.started ? { started: filters.started } : {}),
    ...(filters.job_type_name ? { job_type_names: filters.job_type_name } : {}),
    ...(filters.job_type_id ? { job_type_ids: filters.job_type_id } : {}),
    ...(filters.job_type_category ? { job_type_categories: filters.job_type_category } : {}),
  };
}
