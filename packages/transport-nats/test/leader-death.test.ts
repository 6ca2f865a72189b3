// Three servers keep the buffer, and the one that leads is killed in the middle: nothing that was accepted is lost, nothing is there
// twice, and the bound holds. Once by default; `SLUICE_NATS_KILLS=20` does it so often.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { NatsCluster } from "./support/cluster.js";
import { programVersion } from "./support/nats-server.mjs";
import { made, noServer } from "./support/servers.js";
import { until } from "./support/until.js";
import { consume, insist, sum } from "./support/work.mjs";

const PRODUCERS = ["a", "b", "c"];
const ITEMS = 120;
const CAPACITY = 5;
const DOWN_MS = 3_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN", "BUFFER_BUSY", "LEASE_LOST"];
const runs = Array.from({ length: Number(process.env["SLUICE_NATS_KILLS"] ?? 1) }, (_, at) => at + 1);

const isOld = !noServer && Number(programVersion().split(".")[1]) < 12;
if (isOld)
  console.log("No three servers are tested here: they are too old (SLUICE_NATS_SERVER names others)");

test.skipIf(noServer || isOld).each(runs)(
  "run %d: the leader is killed, and comes back after 3 s",
  { timeout: 120_000 },
  async () => {
    const cluster = await NatsCluster.start();
    const settings = { capacity: CAPACITY, failuresMax: 1_000 };
    const { buffer, another } = await made(cluster.urls, settings, { replicas: 3 });
    expect(buffer.capabilities.survives).toContain("host-loss");
    const consumers = PRODUCERS.map(async () => consume(await another()));
    const producers = PRODUCERS.map(async (name) => insist(await another(), name, ITEMS));
    const all = PRODUCERS.length * ITEMS;
    const watching = await another();
    const stall = longestStall(async () => (await watching.counts()).consumed, all);
    await until(async () => (await buffer.counts()).consumed > all / 4, "a quarter of the items is consumed");
    const leader = await cluster.leader();
    await leader.kill();
    await sleep(DOWN_MS);
    await leader.start();
    const faults = (await Promise.all(producers)).flat();
    await insistOn(() => buffer.seal());
    const accounts = await Promise.all(consumers);
    console.log(`The longest time in which nothing was consumed: ${Math.round(await stall)} ms`);
    for (const fault of [...faults, ...accounts.flatMap((account) => account.faults)])
      expect(TYPED).toContain(fault);
    const { values, unsure } = sum(accounts);
    expect(new Set(values).size, "items that were finished twice").toBe(values.length);
    expect(all - values.length, "items that are missing").toBeLessThanOrEqual(unsure);
    const counts = await buffer.counts();
    expect(counts).toMatchObject({ produced: all, consumed: all, ready: 0, leased: 0, dead: 0 });
    expect(counts.peak).toBeLessThanOrEqual(CAPACITY);
    await buffer.destroy();
  },
);

/** For as long as it takes a cluster to find a leader. */
async function insistOn<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      expect(TYPED).toContain((error as { code?: string }).code);
    }
  }
}

async function longestStall(consumed: () => Promise<number>, all: number): Promise<number> {
  let [longest, last, since] = [0, 0, performance.now()];
  while (last < all) {
    const now = await insistOn(consumed);
    if (now > last) {
      longest = Math.max(longest, performance.now() - since);
      since = performance.now();
    }
    last = now;
    await sleep(20);
  }
  return longest;
}
