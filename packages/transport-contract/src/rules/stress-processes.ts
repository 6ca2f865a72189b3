/** STRESS, between processes: many of them over one buffer, for as long as it takes to see what grows. */

import { setTimeout as sleep } from "node:timers/promises";
import { checkHistory, readHistory } from "@sluice/history-checker";
import { Marks } from "../chaos/marks.js";
import { watchBound } from "../chaos/watch-bound.js";
import type { RuleContext, Stage } from "../kit/context.js";
import { equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { historyFolder } from "../kit/history-folder.js";
import { inTime } from "../kit/in-time.js";
import { takesOf } from "../kit/judge.js";
import { peakFault } from "../kit/peak-fault.js";
import type { Resources } from "../kit/resources.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

const EACH = 4;
const CAPACITY_MAX = 64;
/** Of each producer. */
const ITEMS = 2_000;
/** Long enough that whoever keeps what passes through it holds more than a heap varies by. */
const ITEM_LENGTH = 4_000;
/** On a fast medium all items; on a slow one, as many as come in so many signal times. */
const FLOW_SIGNALS = 1.5;
/** After so much of it what a process needs at all is there. */
const WARM_UP = 0.25;
const HEAP_VARIES_BYTES = 2_000_000;
/** Descriptors and timers that come and go with the call under way. */
const HANDLES_VARY = 8;

export const stressProcessRules: readonly Rule[] = [
  rule(
    "STRESS-6 keeps bound, order and account with 4 producer and 4 consumer processes, none of which holds more and more",
    async (t) => {
      const capacity = 1 + t.random.below(CAPACITY_MAX);
      await flow(t, await t.stage({ capacity, failuresMax: 1_000_000 }), capacity);
    },
    { level: "stress", processes: true },
  ),
];

interface Crew {
  readonly producers: readonly Puppet[];
  readonly all: readonly (readonly [name: string, puppet: Puppet])[];
}

async function flow(t: RuleContext, { buffer }: Stage<unknown>, capacity: number): Promise<void> {
  const what = `with ${2 * EACH} processes at capacity ${capacity}`;
  const marks = new Marks();
  const folder = historyFolder(t, { title: `${2 * EACH} processes, capacity ${capacity}`, capacity }, marks);
  const items = t.trials(ITEMS);
  const { producers, all } = await startCrew(t, buffer);
  const watch = watchBound(buffer, capacity);
  t.defer(() => watch.end());
  const job = (name: string) => ({ folder, name, seed: t.random.below(2 ** 31) });
  const consuming = all.slice(EACH).map(([name, puppet], n) => {
    const mode = n % 2 === 0 ? "take" : "lease";
    return puppet.call("consume", { ...job(name), mode, leaseMs: 60_000, workMs: 0 });
  });
  const producing = producers.map((puppet, n) => {
    const [name] = all[n] as Crew["all"][number];
    return puppet.call("produce", { ...job(name), id: name, items, paceMs: 0, itemLength: ITEM_LENGTH });
  });

  const put = Promise.all(producing);
  const early = await warmedUp(t, put, buffer, all, items);
  const accepted = (await t.within(put, 4, "the producers")).reduce((a, b) => a + b, 0);
  await marks.sealing(folder, () => buffer.seal());
  const finished = (await t.within(Promise.all(consuming), 4, "the consumers")).reduce((a, b) => a + b, 0);
  isTrue(accepted > 0, `Expected items to flow ${what}, got none`);
  const late = await resourcesOf(t, all);
  const most = watch.end();

  const operations = readHistory(folder);
  const violations = checkHistory(operations, { capacity, ...takesOf(t.harness.capabilities) });
  if (violations.length > 0) fail(`${what}:\n${violations.map((one) => one.message).join("\n")}`);
  equal(finished, accepted, `the number of items finished, ${what}`);
  const counts = await t.soon(buffer.counts(), "the counts");
  checkLedger(counts, capacity, what);
  const { produced, consumed, ready, leased, peak } = counts;
  const expected = { produced: accepted, consumed: accepted, ready: 0, leased: 0 };
  equal({ produced, consumed, ready, leased }, expected, `the counts at the end, ${what}`);
  isTrue(
    most <= capacity && peak <= capacity,
    `Expected at most ${capacity} items inside, got ${most} seen and a peak of ${peak}`,
  );
  const fault = peakFault(peak, t.harness.capabilities.peak, operations);
  if (fault !== undefined) fail(fault);
  checkFlat(all, early, late, accepted);
}

async function startCrew(t: RuleContext, buffer: Stage<unknown>["buffer"]): Promise<Crew> {
  const puppets = await startPuppets(t, 2 * EACH, buffer.address);
  const nameOf = (n: number) => (n < EACH ? `producer-${n + 1}` : `consumer-${n - EACH + 1}`);
  return {
    producers: puppets.slice(0, EACH),
    all: puppets.map((puppet, n) => [nameOf(n), puppet] as const),
  };
}

/** What each process holds after the first part; stops the producers when it has gone on for long enough. */
async function warmedUp(
  t: RuleContext,
  put: Promise<unknown>,
  buffer: Stage<unknown>["buffer"],
  all: Crew["all"],
  items: number,
): Promise<readonly Resources[]> {
  const limitMs = t.timing.signalMs * FLOW_SIGNALS;
  const start = performance.now();
  const share = async () => {
    const { consumed } = await t.soon(buffer.counts(), "the counts");
    return consumed / (EACH * items);
  };
  // Whichever comes first.
  while ((await share()) < WARM_UP && performance.now() - start < limitMs * WARM_UP) await sleep(10);
  const early = await resourcesOf(t, all);
  await inTime(put, Math.max(0, limitMs - (performance.now() - start)));
  // Of one that has put all, nothing is asked by it.
  await Promise.all(all.slice(0, EACH).map(([, puppet]) => puppet.call("stopProducing")));
  return early;
}

function resourcesOf(t: RuleContext, all: Crew["all"]): Promise<readonly Resources[]> {
  return t.soon(Promise.all(all.map(([, puppet]) => puppet.call("resources"))), "what the processes hold");
}

function checkFlat(
  all: Crew["all"],
  early: readonly Resources[],
  late: readonly Resources[],
  accepted: number,
): void {
  for (const [n, [name]] of all.entries()) {
    const [before, after] = [early[n], late[n]] as [Resources, Resources];
    const grown = {
      bytes: after.heapBytes - before.heapBytes,
      descriptors: after.descriptors - before.descriptors,
      timers: after.others - before.others,
    };
    const isFlat =
      grown.bytes <= HEAP_VARIES_BYTES && Math.max(grown.descriptors, grown.timers) <= HANDLES_VARY;
    isTrue(
      isFlat,
      `Expected ${name} to hold at most ${HEAP_VARIES_BYTES} bytes and ${HANDLES_VARY} descriptors or timers more after ${accepted} items than after the first of them, got ${JSON.stringify(grown)}`,
    );
  }
}
