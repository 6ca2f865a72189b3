// Goal: a time that is given is kept, by shorter runs and, where that is not enough, by fewer rounds. Method: no time at all.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { works } from "../dist/growth.js";
import { measure } from "../dist/measure.js";
import naive from "../dist/peers/naive-lockfile.js";
import { countFor, ITEMS_MIN, partFor } from "../dist/run-count.js";
import type { Work } from "../dist/works.js";

const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const named = (name: string) => works.find((work) => work.name === name) as Work;

test("the first round is made whatever it takes, and no other that does not fit", async () => {
  const table = {
    ...{ name: "one", title: "One", candidates: [naive], works: [named("5-1p1c")], series: [] },
    ...{ ratio: { kind: "against", name: "naive" } as const, countsSystemCalls: false },
  };
  const heard: string[] = [];
  const measured = await measure({
    // The same table twice: its pairs are measured once.
    tables: [table, table],
    rounds: 3,
    items: undefined,
    budgetS: 0,
    counter: undefined,
    directory,
    signal: new AbortController().signal,
    onRun: (text) => heard.push(text),
  });
  expect(heard).toEqual(["round 1 of 3: 5-1p1c naive"]);
  expect(measured).toMatchObject({ rounds: 1, counted: [], diskSyncsPerSecond: [] });
  expect(measured.runs).toMatchObject([{ round: 1, outcome: { isValid: true } }]);
});

test("runs are shortened alike, and never to nothing", () => {
  expect(partFor(100, 100_000)).toBe(1);
  expect(partFor(100, 100)).toBeLessThan(partFor(100, 110));
  expect(partFor(100, 0)).toBeGreaterThan(0);
  const [one, batches] = [named("5-1p1c"), named("1024-1p1c")];
  const count = countFor(naive, one, 1, undefined);
  expect(countFor(naive, one, 0.5, undefined)).toBe(count / 2);
  expect(countFor(naive, one, 0, undefined)).toBe(ITEMS_MIN);
  expect(countFor(naive, one, 0.5, 77)).toBe(77);
  expect(countFor(naive, { ...one, itemBytes: 65_536 }, 1, undefined)).toBeLessThan(count);
  const counting = { ...naive, itemCount: ({ batch }: Work) => (batch > 1 ? 128_000 : 500) };
  expect(countFor(counting, batches, 1, undefined)).toBeGreaterThan(100_000);
  expect(countFor(counting, { ...batches, batch: 10 }, 1, undefined)).toBeLessThan(
    countFor(counting, batches, 1, undefined) / 10,
  );
  expect(countFor(counting, { ...batches, items: 1_000 }, 0.1, undefined)).toBe(1_000);
});
