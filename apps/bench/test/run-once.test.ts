// A benchmark that does not notice a lost item would praise whoever loses the most. Goal: a run counts only if every item
// arrived once, in its producer's order. Method: the naive candidate, with one promise broken in its worker processes.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Candidate } from "../dist/candidate.js";
import { works } from "../dist/growth.js";
import naive from "../dist/peers/naive-lockfile.js";
import { runOnce } from "../dist/run-once.js";
import { startEach } from "../dist/running.js";
import type { Work } from "../dist/works.js";

const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const work = works.find(({ kind, capacity }) => kind === "throughput" && capacity === 5) as Work;
const run = (candidate: Candidate, signal = new AbortController().signal, deadlineMs = 25_000) =>
  runOnce(candidate, work, { directory, count: 20, deadlineMs, signal });

function broken(fault: string): Candidate {
  return {
    ...naive,
    module: `${new URL("./broken-ends.mjs", import.meta.url)}?fault=${encodeURIComponent(fault)}`,
  };
}

test("a candidate that keeps its promises has a figure, and leaves nothing behind", async () => {
  const outcome = await run(broken("none"));
  expect(outcome).toMatchObject({
    isValid: true,
    seconds: expect.any(Number),
    itemsPerSecond: expect.any(Number),
  });
  if (process.platform === "linux") {
    const costs = {
      cpuUsPerItem: expect.any(Number),
      wakeUpsPerItem: expect.any(Number),
      peakBytes: expect.any(Number),
    };
    expect(outcome).toMatchObject(costs);
  }
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ["repeats", /^consumer 0: item \d+ of producer 0 came twice$/],
  ["swaps", /^consumer 0: item \d+ of producer 0 came after its item \d+$/],
  ["tears", /^consumer 0: an item that nobody put: 64 bytes$/],
  ["throws", /^consumer 0: Error: no more of this$/],
  ["dies", /^consumer 0 ended with SIGKILL/],
  ["fails at the end", /^A worker failed after its work was done$/],
])("one that %s has failed", async (fault, reason) => {
  expect(await run(broken(fault))).toEqual({ isValid: false, reason: expect.stringMatching(reason) });
  expect(readdirSync(directory)).toEqual([]);
});

test("one that loses an item has failed when its time is over", async () => {
  const outcome = await run(broken("loses"), undefined, 3_000);
  expect(outcome).toEqual({ isValid: false, reason: "Not done within 3 s" });
  expect(readdirSync(directory)).toEqual([]);
});

test("what a failed run has made is destroyed, also what is in no directory", async () => {
  const seen: string[] = [];
  const elsewhere: Candidate = {
    ...broken("throws"),
    async create(place) {
      const { address } = await naive.create(place);
      return { address, destroy: async () => void seen.push("destroyed") };
    },
  };
  expect(await run(elsewhere)).toMatchObject({ isValid: false });
  expect(seen).toEqual(["destroyed"]);
});

test("what a server has used meanwhile is there by the item; what it does not know is not", async () => {
  const usages = [
    { cpuUs: 1_000, messages: 30 },
    { cpuUs: 1_050, messages: 110 },
    { messages: 0 },
    { messages: 20 },
  ];
  const served: Candidate = {
    ...naive,
    create: async (place) => ({
      ...(await naive.create(place)),
      usage: async () => usages.shift() as (typeof usages)[number],
    }),
  };
  expect(await run(served)).toMatchObject({ isValid: true, serverCpuUsPerItem: 2.5, messagesPerItem: 4 });
  const outcome = await run(served);
  expect(outcome).toMatchObject({ isValid: true, messagesPerItem: 1 });
  expect(outcome).not.toHaveProperty("serverCpuUsPerItem");
});

test("a backlog is put whole before anybody takes", async () => {
  const backlog = { ...work, capacity: 20, items: 20, isBacklog: true };
  const once = { directory, count: 20, deadlineMs: 25_000, signal: new AbortController().signal };
  expect(await runOnce(naive, backlog, once)).toMatchObject({ isValid: true });
  // Where it does not fit, the producer waits for consumers who have not begun.
  const short = { ...once, deadlineMs: 1_500 };
  expect(await runOnce(naive, { ...backlog, capacity: 19 }, short)).toEqual({
    isValid: false,
    reason: "Not done within 1.5 s",
  });
});

test("a worker that says something else has failed", async () => {
  const chatty: Candidate = {
    ...naive,
    start: (jobs) => startEach(jobs, () => [process.execPath, "-e", "console.log('hello')"]),
  };
  const reason = expect.stringMatching(/^(consumer|producer) 0 said "hello"$/);
  expect(await run(chatty)).toEqual({ isValid: false, reason });
});

test("an interrupted run ends at once and leaves nothing behind", async () => {
  const outcome = await run(naive, AbortSignal.abort());
  expect(outcome).toEqual({ isValid: false, reason: "Interrupted" });
  expect(existsSync(join(directory, "run"))).toBe(false);
});
