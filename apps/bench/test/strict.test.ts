// Goal: a peer that is marked strict is. Method: as many items as there are places, and one more, which must wait until one was
// taken; both ends in this process. Ours are proved strict by the contract, workers in C and in Python by what they are made of.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { itemIn, type NodeCandidate } from "../dist/candidate.js";
import { candidates } from "../dist/candidates.js";
import { itemMaker, readItem } from "../dist/item.js";
import type { Job } from "../dist/worker-messages.js";

const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const CAPACITY = 3;
const ITEM_BYTES = 64;
const makeItem = itemMaker(0, ITEM_BYTES);
const job = { outstanding: 1, index: 0, batch: 1 } as unknown as Job;

// Its ends are threads that are given their ports: see message-port.test.ts.
const others = ["message-port"];
const strict = candidates.filter(
  (candidate): candidate is NodeCandidate =>
    candidate.bound === "strict" &&
    candidate.isOurs !== true &&
    "connect" in candidate &&
    !others.includes(candidate.name),
);

test.for(strict.map(({ name }) => name))("%s", async (name, context) => {
  const candidate = strict.find((one) => one.name === name) as NodeCandidate;
  const { signal } = new AbortController();
  const readiness = (await candidate.prepare?.({ directory, signal })) ?? { isReady: true };
  context.skip(!readiness.isReady, readiness.isReady ? undefined : readiness.why);
  const place = { path: join(directory, name), capacity: CAPACITY, itemBytes: ITEM_BYTES, consumers: 1 };
  const { address, destroy } = await candidate.create(place);
  try {
    // A consumer that waits would keep the commands of a producer waiting on one connection.
    const [putting, taking] = [await candidate.connect(address, job), await candidate.connect(address, job)];
    const producer = await putting.producer();
    for (let number = 0; number < CAPACITY; number++) await producer.put(makeItem(number));
    let isDone = false;
    const last = Promise.resolve(producer.put(makeItem(CAPACITY))).then(() => {
      isDone = true;
    });
    await sleep(50);
    expect(isDone, `whether item ${CAPACITY} found room beside ${CAPACITY} others`).toBe(false);
    const consumer = await taking.consumer();
    for (let number = 0; number <= CAPACITY; number++)
      expect(readItem(itemIn(await consumer.take()), ITEM_BYTES)).toEqual({ producer: 0, number });
    await last;
    await putting.close();
    await taking.close();
  } finally {
    await destroy();
  }
});
