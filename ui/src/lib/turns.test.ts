import { expect, test } from "vitest";
import { type Turn, Turns } from "./turns";

function turn(everySeconds: number, asked = 0) {
  const made = {
    everySeconds,
    asked,
    isAsking: false,
    count: 0,
    ask: () => {
      made.count += 1;
      return Promise.resolve();
    },
  };
  return made satisfies Turn;
}

test("a tick asks once, whoever is most behind", () => {
  const turns = new Turns();
  const [slow, quick] = [turn(10), turn(2)];
  turns.add(slow);
  turns.add(quick);
  turns.tick(20_000);
  expect([slow.count, quick.count]).toEqual([0, 1]);
  turns.tick(21_000);
  expect([slow.count, quick.count]).toEqual([1, 1]);
});

test("nobody is asked before the time, nor while an answer is awaited", () => {
  const turns = new Turns();
  const [early, busy] = [turn(5, 18_000), turn(1)];
  busy.isAsking = true;
  turns.add(early);
  turns.add(busy);
  turns.tick(20_000);
  expect([early.count, busy.count]).toEqual([0, 0]);
});

test("however many there are, each has its turn", () => {
  const turns = new Turns();
  const all = Array.from({ length: 7 }, () => turn(1));
  for (const one of all) turns.add(one);
  for (let second = 2; second < 9; second++) turns.tick(second * 1000);
  expect(all.map((one) => one.count)).toEqual([1, 1, 1, 1, 1, 1, 1]);
});

test("who has left is asked no more", () => {
  const turns = new Turns();
  const gone = turn(1);
  turns.add(gone)();
  turns.tick(5000);
  expect(gone.count).toBe(0);
  expect(turns.isEmpty).toBe(true);
});
