/**
 * Producers and consumers at work on one buffer, killed and stopped at random, and then the account: what was promised to whom,
 * and was it kept. All that is random comes from the seed; the instants at which signals arrive do not.
 */

import { setTimeout as sleep } from "node:timers/promises";
import {
  type BoundedBuffer,
  type BufferTransport,
  type BufferWishes,
  createBuffer,
  untilNotBusy,
} from "@sluice/core";
import { checkHistory, type Operation, readHistory, searchHistory } from "@sluice/history-checker";
import { newSeed, type Random, randomFrom } from "@sluice/history-checker/random";
import { drawn } from "../kit/drawn.js";
import { inTime, LATE } from "../kit/in-time.js";
import { takesOf } from "../kit/judge.js";
import { handled } from "../kit/quiet.js";
import { passingFolder } from "../kit/temporary-folder.js";
import { unlessAborted } from "../kit/unless-aborted.js";
import { consume } from "../processes/loops.js";
import type { KeptHistory } from "../report/kept-history.js";
import { timeScale, timingFromEnvironment } from "../timing.js";
import { account, type ChaosReport } from "./account.js";
import { Crew } from "./crew.js";
import { Marks } from "./marks.js";
import { watchBound } from "./watch-bound.js";

export interface ChaosOptions {
  /** How items are consumed. */
  readonly mode: "take" | "lease";
  readonly capacity: number;
  readonly producers: number;
  readonly consumers: number;
  /** How many processes to kill, one after the other; each is replaced. */
  readonly kills: number;
  /** How many to stop for a while instead. Default 0. */
  readonly stops?: number;
  /** How often `restart` is called in the middle of it. Default 0. */
  readonly restarts?: number;
  /** Ends the broker or server that holds the buffer, without warning, and starts it again. */
  readonly restart?: () => Promise<void>;
  /** Longest time that a process now and then spends at one of the failpoints. Default 0. */
  readonly latencyMs?: number;
  /** The adapter's failpoints: some of the replacements kill or stop themselves there. Default: none. */
  readonly failpoints?: readonly string[];
  /** Each of them is armed for one of so many first passings. Default 30. */
  readonly passingMax?: number;
  /** Whether they kill and stop themselves by turns. Default: more of them kill themselves, which is drawn. */
  readonly byTurns?: boolean;
  /** How likely a worker is to be armed. Default 0.5, and 0 for the first ones. */
  readonly armedChance?: number;
  /**
   * How often each of these is to come, `SIGKILL at NAME`: armed is who is missing, and the run goes on after its other faults until
   * all have come, or none does any more. That they came is for the caller to see. Default: none is waited for.
   */
  readonly strikes?: Readonly<Record<string, number>>;
  /** How long to wait for one of them after the last. Default 1,000 ms, times `SLUICE_TIMEOUT_SCALE`. */
  readonly strikeMs?: number;
  /** Leaves out the faults that are left when all strikes have come. Default false. */
  readonly endsWithStrikes?: boolean;
  /** Longest pause between two puts of a producer, and longest work on one item. Default 3 ms. */
  readonly paceMs?: number;
  /** Items are filled up to so many characters. Default: some ten. */
  readonly itemLength?: number;
  /** Asked of the buffer. Default: nothing. */
  readonly wishes?: BufferWishes;
  /** Default: a new one, which the report tells. */
  readonly seed?: number;
  /** Longest pause between two kills. Default 40 ms. */
  readonly killEveryMs?: number;
  /** Default 1,000 ms, times `SLUICE_TIMEOUT_SCALE`. */
  readonly leaseMs?: number;
  /** How long the end may take once nobody is killed any more. Default 60 s, times `SLUICE_TIMEOUT_SCALE`. */
  readonly endMs?: number;
  /** Told of each step, for whoever watches. */
  readonly onStep?: (step: string) => void;
  /** Handed what all of them did, before it is judged. */
  readonly onHistory?: (history: KeptHistory) => void;
  /** Ends the run when it is aborted, and everybody in it; it is not judged then. */
  readonly signal?: AbortSignal;
}

/** Unless they are given; both times `SLUICE_TIMEOUT_SCALE`. */
const LEASE_MS = 1_000;
const END_MS = 60_000;

/** In a long pause, whether somebody has come upon its failpoint. */
const LOOK_EVERY_MS = 50;

/** Until somebody comes upon its failpoint, unless it is given. Times `SLUICE_TIMEOUT_SCALE`. */
const STRIKE_MS = 1_000;

/** So many at work at a time can be judged by the complete search. */
const SEARCHED_PROCESSES_MAX = 8;

/** Longer ones are left to the first tier: the search is for some thousand. */
const SEARCHED_OPERATIONS_MAX = 10_000;

/** Some are stopped for so many leases. */
const STOP_LEASES = 2;

/**
 * Over a wire whoever is stopped for longer may count as dead, which is after 3 s: what a take has in hand is lost to it then, and the
 * same call is handed another item. The search knows of one.
 */
const STOPPED_IN_HAND_MAX_MS = 2_000;

/**
 * Creates a buffer at the transport's place, lets loose, checks, destroys. What must never happen and what must happen at last are
 * judged apart: a run that did not end is still judged by what was seen until then.
 *
 * @throws only for what keeps the run from being judged, such as a process that cannot start, or with the reason of the signal;
 *   `onHistory` has been called by then, where there was a history.
 */
export async function runChaos(transport: BufferTransport, options: ChaosOptions): Promise<ChaosReport> {
  const seed = options.seed ?? newSeed();
  const { path: folder, remove } = passingFolder("sluice-history-");
  try {
    const settings = { ...options.wishes, capacity: options.capacity, failuresMax: 1_000_000 };
    const buffer = await unlessAborted(createBuffer(transport, settings), options.signal);
    try {
      return await judged(buffer, folder, seed, options);
    } finally {
      await inTime(buffer.destroy(), timingFromEnvironment().signalMs);
    }
  } finally {
    remove();
  }
}

async function judged(
  buffer: BoundedBuffer<unknown>,
  folder: string,
  seed: number,
  options: ChaosOptions,
): Promise<ChaosReport> {
  const { signalMs } = timingFromEnvironment();
  const scale = timeScale();
  const { capacity, mode, leaseMs = LEASE_MS * scale, endMs = END_MS * scale, stops = 0, signal } = options;
  const random = randomFrom(seed);
  const marks = new Marks();
  const crew = new Crew({ address: buffer.address, folder, random, leaseMs, marks, options });
  const watch = watchBound(buffer, capacity);
  const liveness: string[] = [];
  let most = 0;
  let operations: readonly Operation[] = [];
  const onAbort = () => void crew.end();
  signal?.addEventListener("abort", onAbort);
  try {
    await crew.begin();
    await unleash(crew, marks, random, { ...options, leaseMs });
    const finished = finish(crew, marks, buffer, { ...options, leaseMs, folder, seed });
    const end = await inTime(unlessAborted(finished, signal), endMs);
    if (end === LATE)
      liveness.push(
        `Expected the producers to stop and the consumers to drain the sealed buffer within ${endMs} ms of the last fault`,
      );
  } catch (error) {
    // Whatever it met when everybody in it was ended.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    most = watch.end();
    // Nobody may go on writing while the history is read.
    await crew.end();
    operations = readHistory(folder);
    const title = `${crew.kills} kills, ${stops} stops, mode ${mode}, seed ${seed}`;
    options.onHistory?.({ title, capacity, operations, marks: marks.in(operations) });
  }
  const counts = await inTime(
    untilNotBusy(() => buffer.counts()),
    signalMs,
  );
  if (counts === LATE) liveness.push(`Expected the counts of the buffer within ${signalMs} ms`);
  const isRestarted = (options.restarts ?? 0) > 0;
  const takes = takesOf(buffer.capabilities);
  const expectation = {
    capacity,
    isDrained: liveness.length === 0,
    handOutsMayRepeat: isRestarted,
    ...takes,
  };
  // At failpoints for as long.
  const isStopped = stops > 0 || (options.failpoints ?? []).length > 0;
  const isStoppedForLong = isStopped && leaseMs * STOP_LEASES > STOPPED_IN_HAND_MAX_MS;
  const isAskedAgain = mode === "take" && takes.takesInTwoSteps === true && isStoppedForLong;
  const isSearched =
    !isRestarted &&
    !isAskedAgain &&
    operations.length <= SEARCHED_OPERATIONS_MAX &&
    options.producers + options.consumers + 1 <= SEARCHED_PROCESSES_MAX;
  return account({
    seed,
    stops,
    options,
    kills: crew.kills,
    struck: crew.struck,
    broken: crew.broken,
    counts: counts === LATE ? undefined : counts,
    most,
    operations,
    violations: checkHistory(operations, expectation),
    liveness,
    search: isSearched ? searchHistory(operations, expectation) : undefined,
  });
}

/** Kills, stops and restarts, one after the other. */
async function unleash(
  crew: Crew,
  marks: Marks,
  random: Random,
  options: ChaosOptions & { readonly leaseMs: number },
): Promise<void> {
  const { kills, stops = 0, restarts = 0, leaseMs, killEveryMs = 40, onStep: step = () => {} } = options;
  const { endsWithStrikes = false, strikeMs = STRIKE_MS * timeScale() } = options;
  const pause = (ms: number) => sleep(ms, undefined, options.signal && { signal: options.signal });
  const actions = drawn(
    [
      ...Array<"kill">(kills).fill("kill"),
      ...Array<"stop">(stops).fill("stop"),
      ...Array<"restart">(restarts).fill("restart"),
    ],
    random,
  );
  for (const [n, action] of actions.entries()) {
    for (let leftMs = random.below(killEveryMs); leftMs > 0; leftMs -= LOOK_EVERY_MS) {
      await pause(Math.min(leftMs, LOOK_EVERY_MS));
      if (endsWithStrikes && !crew.awaitsStrikes) return;
      if (leftMs > LOOK_EVERY_MS) await crew.replaceGone();
    }
    if (action === "restart") {
      step(`${n + 1} of ${actions.length}: restart`);
      marks.add("the medium", "restart");
      await options.restart?.();
      continue;
    }
    const victim = random.pick(crew.workers);
    step(`${n + 1} of ${actions.length}: ${action} ${victim.name}`);
    if (action === "kill") await crew.kill(victim);
    else {
      marks.add(victim.name, "SIGSTOP");
      victim.puppet.signal("SIGSTOP");
      // Some past their lease, most not.
      await pause(random.chance(0.3) ? leaseMs * STOP_LEASES : random.below(leaseMs));
      victim.puppet.signal("SIGCONT");
      marks.add(victim.name, "SIGCONT");
    }
    await crew.replaceGone();
  }
  for (let last = performance.now(), seen = -1; crew.awaitsStrikes; ) {
    const { strikes } = crew;
    if (strikes > seen) last = performance.now();
    else if (performance.now() - last > strikeMs) return;
    seen = strikes;
    await pause(LOOK_EVERY_MS);
    await crew.replaceGone();
    await crew.replaceSpent();
  }
}

/** No more faults: whoever still lives does its work, and the buffer is empty at the end. */
async function finish(
  crew: Crew,
  marks: Marks,
  buffer: BoundedBuffer<unknown>,
  options: ChaosOptions & { readonly leaseMs: number; readonly folder: string; readonly seed: number },
): Promise<void> {
  const { folder, mode, leaseMs, seed, onStep: step = () => {} } = options;
  step("the producers stop");
  for (const { puppet } of crew.workers) puppet.signal("SIGCONT");
  const of = (role: "producer" | "consumer") => crew.workers.filter((worker) => worker.role === role);
  // One consumer that nobody kills: the others may all come upon their failpoints, and what comes back late has a taker too.
  // Where the run is given up before it is awaited, it rejects with nobody there to hear.
  const last = handled(consume(buffer, { folder, name: "last-consumer", mode, leaseMs, seed, workMs: 0 }));
  await Promise.all(
    of("producer").map(async (worker) => {
      // It may be waiting in a put; somebody is taking, so there will be room.
      await worker.puppet.call("stopProducing").catch(() => {});
      await crew.finished(worker);
    }),
  );
  await marks.sealing(folder, () => untilNotBusy(() => buffer.seal()));
  step("the consumers drain");
  const drained = untilNotBusy(() => buffer.drained());
  await Promise.all([last, drained, ...of("consumer").map((worker) => crew.finished(worker))]);
}
