import { expect, test } from "vitest";
import { phases } from "./phases";

const NEVER = {
  started: null,
  ended: null,
  pre_started: null,
  pre_completed: null,
  pre_exit_code: null,
  job_started: null,
  job_completed: null,
  job_exit_code: null,
  post_started: null,
  post_completed: null,
  post_exit_code: null,
};
const at = (second: number) => new Date(second * 1000).toISOString();

test("an execution is parted as its times say", () => {
  const found = phases(
    {
      ...NEVER,
      queued: at(0),
      started: at(2),
      pre_started: at(2),
      pre_completed: at(4),
      pre_exit_code: 0,
      job_started: at(4),
      job_completed: at(10),
      job_exit_code: 2,
      ended: at(10),
    },
    99_000,
  );
  expect(found.map((phase) => [phase.name, phase.from, phase.to, phase.ms])).toEqual([
    ["queued", 0, 0.2, 2000],
    ["pre", 0.2, 0.4, 2000],
    ["job", 0.4, 1, 6000],
  ]);
  expect(found.map((phase) => phase.exitCode)).toEqual([null, 0, 2]);
});

test("what goes on lasts until now", () => {
  const found = phases({ ...NEVER, queued: at(0), started: at(5), job_started: at(5) }, 10_000);
  expect(found.at(-1)).toMatchObject({ name: "job", from: 0.5, to: 1, ms: 5000, isOpen: true });
});

test("what was canceled in the queue was only queued", () => {
  const found = phases({ ...NEVER, queued: at(0), ended: at(3) }, 10_000);
  expect(found).toMatchObject([{ name: "queued", from: 0, to: 1, isOpen: false }]);
});
