import type { MetricPlotData } from "../api/schema";

/** How many jobs of a job type ended on a day. */
export interface Day {
  date: string;
  completed: number;
  failed: number;
}

/**
 * How the jobs of a job type did, day by day, the first one first; days on which none ended are left out.
 *
 * @param plots the columns `completed_count` and `failed_count` of the metric `job-types`.
 * @param id of the job type; values that name none are those of the only one that was asked for.
 */
export function daysOf(plots: readonly MetricPlotData[], id: number): Day[] {
  const days = new Map<string, Day>();
  for (const plot of plots) {
    const part = plot.column.name === "failed_count" ? "failed" : "completed";
    for (const one of plot.values) {
      if (one.id !== undefined && one.id !== id) continue;
      const day = days.get(one.date) ?? { date: one.date, completed: 0, failed: 0 };
      day[part] += one.value;
      days.set(one.date, day);
    }
  }
  return [...days.values()].sort((a, b) => a.date.localeCompare(b.date));
}

/** The share of jobs that failed; null: none has ended. */
export function rateOf(days: readonly Day[]): number | null {
  const failed = days.reduce((sum, day) => sum + day.failed, 0);
  const all = days.reduce((sum, day) => sum + day.failed + day.completed, 0);
  return all ? failed / all : null;
}
