/** Producers and consumers in full traffic, until all of them, or their authority, are killed at once; and then the account. */

import { setTimeout as sleep } from "node:timers/promises";
import { completeSpec, openAddress } from "@sluice/core";
import { checkHistory, readHistory } from "@sluice/history-checker";
import { account } from "../chaos/account.js";
import { Marks } from "../chaos/marks.js";
import type { RuleContext } from "../kit/context.js";
import { fail, isTrue } from "../kit/expect.js";
import { historyFolder } from "../kit/history-folder.js";
import { takesOf } from "../kit/judge.js";
import { consume } from "../processes/loops.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";

const CAPACITY = 5;
const ITEMS_MAX = 100_000_000;

interface Traffic {
  readonly rounds: number;
  readonly mode: "take" | "lease";
  /** Ends the authority in each round, and lets the processes be. */
  readonly restarts?: boolean;
}

interface Crew {
  readonly producers: readonly Puppet[];
  readonly all: readonly Puppet[];
  readonly works: readonly Promise<unknown>[];
}

export async function trafficOn(t: RuleContext, { rounds, mode, restarts = false }: Traffic): Promise<void> {
  const marks = new Marks();
  const title = `${rounds} rounds, ${restarts ? "each with a restart" : "all killed in each"}`;
  const folder = historyFolder(t, { title, capacity: CAPACITY }, marks);
  const transport = await t.transport();
  // Nobody but those who are killed has it open.
  const spec = completeSpec({ capacity: CAPACITY, failuresMax: 1_000_000 }, "json");
  const address = await transport.create(spec, t.harness.wishes ?? {});
  const leaseMs = t.timing.leaseMs * 3;
  const seed = t.random.below(1_000_000);
  const terms = { folder, seed, isRestarted: restarts };

  const start = async (round: number): Promise<Crew> => {
    const all = await startPuppets(t, 4, address);
    const works = all.map((puppet, i) => {
      const name = `${i < 2 ? "producer" : "consumer"}-${i}.${round}`;
      return i < 2
        ? puppet.call("produce", { ...terms, name, id: `producer-${i}`, items: ITEMS_MAX, paceMs: 2 })
        : puppet.call("consume", { ...terms, name, mode, leaseMs, workMs: 3 });
    });
    return { producers: all.slice(0, 2), all, works };
  };
  /** Until some items have passed, and then for a moment that nobody knows. */
  const flow = async (): Promise<void> => {
    const before = await consumedSoFar();
    await t.until(async () => (await consumedSoFar()) > before + 2, "items flow");
    await sleep(t.random.below(100));
  };
  const consumedSoFar = async (): Promise<number> => {
    const handle = await openAddress(address);
    const { consumed } = await handle.counts();
    await handle.close();
    return consumed;
  };

  let crew: Crew | undefined;
  for (let round = 1; round <= rounds; round++) {
    crew ??= await start(round);
    await flow();
    marks.add("all of them", restarts ? "restart" : "SIGKILL");
    if (restarts) await t.soon(t.harness.restart?.(transport), "the restart");
    else {
      for (const puppet of crew.all) puppet.signal("SIGKILL");
      await Promise.all(crew.all.map((puppet) => puppet.kill()));
      crew = undefined;
    }
  }
  if (crew !== undefined) {
    // With the handles they had before.
    await flow();
    for (const producer of crew.producers) await producer.call("stopProducing");
    await t.within(Promise.all(crew.works.slice(0, 2)), 2, "the producers' end");
  }
  const last = await openAddress(address);
  t.defer(() => last.destroy());
  await marks.sealing(folder, () => last.seal());
  const job = { ...terms, name: "last-consumer", mode, leaseMs, workMs: 0 };
  await t.within(
    Promise.all([consume(last, job), ...(crew?.works ?? [])]),
    3,
    "the drain of the sealed buffer",
  );
  const counts = await last.counts();
  const operations = readHistory(folder);
  const report = account({
    ...{ seed, kills: restarts ? 0 : rounds * 4, stops: 0, options: { mode, capacity: CAPACITY } },
    ...{
      counts,
      most: 0,
      struck: {},
      broken: [],
      operations,
      violations: checkHistory(operations, {
        capacity: CAPACITY,
        handOutsMayRepeat: restarts,
        ...takesOf(t.harness.capabilities),
      }),
      liveness: [],
      // All of them are killed at once, again and again: too many processes for it.
      search: undefined,
    },
  });
  const { safety, ...rest } = report;
  if (safety.length > 0) fail([...safety, JSON.stringify(rest)].join("\n"));
  isTrue(report.accepted > 0 && report.finished > 0, `Expected items to flow, got ${JSON.stringify(report)}`);
}
