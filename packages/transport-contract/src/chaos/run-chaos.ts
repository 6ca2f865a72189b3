/**
 * Producers and consumers at work on one buffer, killed and stopped at random, and then the account: what was promised to whom,
 * and was it kept. All that is random comes from the seed; the instants at which signals arrive do not.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BufferTransport, type BufferWishes, createBuffer, untilNotBusy } from "@sluice/core";
import { checkHistory, readHistory, recordTo, searchHistory } from "@sluice/history-checker";
import { newSeed, type Random, randomFrom } from "@sluice/history-checker/random";
import { isSearchable } from "../kit/judge.js";
import { consume } from "../processes/loops.js";
import { Puppet } from "../processes/puppet.js";
import type { KeptHistory } from "../report/kept-history.js";
import { account, type ChaosReport } from "./account.js";
import { Marks } from "./marks.js";

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
  /** Asked of the buffer. Default: nothing. */
  readonly wishes?: BufferWishes;
  /** Default: a new one, which the report tells. */
  readonly seed?: number;
  /** Longest pause between two kills. Default 40 ms. */
  readonly killEveryMs?: number;
  /** Default 1,000 ms. */
  readonly leaseMs?: number;
  /** How long the end may take once nobody is killed any more. Default 60 s. */
  readonly endMs?: number;
  /** Told of each step, for whoever watches. */
  readonly onStep?: (step: string) => void;
  /** Handed what all of them did, before it is judged. */
  readonly onHistory?: (history: KeptHistory) => void;
}

/** Who seals; a process of the history like the others. */
const DRIVER = "driver";

/** So many at work at a time can be judged by the complete search. */
const SEARCHED_PROCESSES_MAX = 8;

/** Far more than a run can put; `stopProducing` ends it. */
const ITEMS_MAX = 100_000_000;

/**
 * Creates a buffer at the transport's place, lets loose, checks, destroys. What must never happen and what must happen at last are
 * judged apart: a run that did not end is still judged by what was seen until then.
 *
 * @throws only for what keeps the run from being judged, such as a process that cannot start.
 */
export async function runChaos(transport: BufferTransport, options: ChaosOptions): Promise<ChaosReport> {
  const seed = options.seed ?? newSeed();
  const random = randomFrom(seed);
  const leaseMs = options.leaseMs ?? 1000;
  const step = options.onStep ?? (() => {});
  const folder = await mkdtemp(join(tmpdir(), "sluice-history-"));
  const buffer = await createBuffer(transport, {
    ...options.wishes,
    capacity: options.capacity,
    failuresMax: 1_000_000,
  });
  const crew: Worker[] = [];
  const marks = new Marks();
  let started = 0;

  /** @param armed - it will end itself at a failpoint, sooner or later. */
  const start = async (role: Role, id: string, armed: boolean): Promise<void> => {
    const name = `${id}.${++started}`;
    const draw = random.fork(name);
    const failpoint = armed ? failpointFrom(options.failpoints ?? [], draw) : undefined;
    const puppet = await Puppet.start({
      address: buffer.address,
      ...(failpoint === undefined ? {} : { failpoint }),
      ...(options.latencyMs ? { latency: { maxMs: options.latencyMs, seed: draw.below(2 ** 31) } } : {}),
      // Past their leases.
      ...(failpoint?.signal === "SIGSTOP" ? { wakeEveryMs: leaseMs * 2 } : {}),
    }).catch(() => undefined);
    // It may have come upon its failpoint while it was opening.
    if (puppet === undefined)
      return armed ? start(role, id, false) : Promise.reject(new Error(`${name} could not be started`));
    const job = { folder, name, seed: draw.below(2 ** 31), isRestarted: (options.restarts ?? 0) > 0 };
    const work =
      role === "producer"
        ? puppet.call("produce", { ...job, id, items: ITEMS_MAX, paceMs: 2 })
        : puppet.call("consume", { ...job, mode: options.mode, leaseMs, workMs: 3 });
    crew.push({ role, id, name, puppet, work, armed: failpoint?.signal });
  };
  const replace = async (worker: Worker): Promise<void> => {
    crew.splice(crew.indexOf(worker), 1);
    await start(worker.role, worker.id, random.chance(0.5));
  };

  /** No more faults: whoever still lives does its work, and the buffer is empty at the end. */
  const finish = async (): Promise<void> => {
    step("the producers stop");
    for (const worker of crew) worker.puppet.signal("SIGCONT");
    await Promise.all(crew.filter(({ role }) => role === "producer").map(finishProducer));
    const driver = recordTo(folder, DRIVER);
    marks.anchor();
    const sealed = driver.begin("seal");
    await untilNotBusy(() => buffer.seal());
    sealed("ok");
    driver.close();
    step("the consumers drain");
    // One consumer that nobody kills, so that what comes back late has a taker.
    const name = "last-consumer";
    const last = consume(buffer, {
      folder,
      name,
      mode: options.mode,
      leaseMs,
      seed,
      workMs: 0,
      isRestarted: false,
    });
    const consumers = crew.filter(({ role }) => role === "consumer").map(surviving);
    await Promise.all([last, buffer.drained(), ...consumers]);
  };

  try {
    await Promise.all([
      ...Array.from({ length: options.producers }, (_, i) => start("producer", `producer-${i + 1}`, false)),
      ...Array.from({ length: options.consumers }, (_, i) => start("consumer", `consumer-${i + 1}`, false)),
    ]);
    const samples = watchBound(buffer, options.capacity);
    const actions = shuffled(
      [
        ...Array<"kill">(options.kills).fill("kill"),
        ...Array<"stop">(options.stops ?? 0).fill("stop"),
        ...Array<"restart">(options.restarts ?? 0).fill("restart"),
      ],
      random,
    );
    let kills = 0;
    for (const [n, action] of actions.entries()) {
      await sleep(random.below(options.killEveryMs ?? 40));
      if (action === "restart") {
        step(`${n + 1} of ${actions.length}: restart`);
        marks.add("the medium", "restart");
        await options.restart?.();
        continue;
      }
      const victim = random.pick(crew);
      step(`${n + 1} of ${actions.length}: ${action} ${victim.name}`);
      if (action === "kill") {
        marks.add(victim.name, "SIGKILL");
        await victim.puppet.kill();
        kills++;
        await replace(victim);
      } else {
        marks.add(victim.name, "SIGSTOP");
        victim.puppet.signal("SIGSTOP");
        // Some past their lease, most not.
        await sleep(random.chance(0.3) ? leaseMs * 2 : random.below(leaseMs));
        victim.puppet.signal("SIGCONT");
        marks.add(victim.name, "SIGCONT");
      }
      for (const gone of crew.filter(({ puppet }) => puppet.isGone)) {
        await surviving(gone);
        // At its failpoint, a while ago.
        marks.add(gone.name, "SIGKILL");
        kills++;
        await replace(gone);
      }
    }
    const liveness = await inTime(finish(), options.endMs ?? 60_000);
    const most = await samples.end();
    // Nobody may go on writing while the history is read.
    for (const { puppet } of crew) await puppet.kill();
    const counts = await untilNotBusy(() => buffer.counts());
    const operations = readHistory(folder);
    const { capacity, mode } = options;
    options.onHistory?.({
      title: `${kills} kills, ${options.stops ?? 0} stops, mode ${mode}, seed ${seed}`,
      capacity,
      operations,
      marks: marks.since(operations.find((one) => one.process === DRIVER)?.invokedAt ?? 0),
    });
    const isRestarted = (options.restarts ?? 0) > 0;
    const expectation = { capacity, isDrained: liveness.length === 0, handOutsMayRepeat: isRestarted };
    const violations = checkHistory(operations, expectation);
    const isSearched =
      !isRestarted &&
      options.producers + options.consumers + 1 <= SEARCHED_PROCESSES_MAX &&
      isSearchable(buffer.capabilities, mode);
    const search = isSearched ? searchHistory(operations, expectation) : undefined;
    return account({
      seed,
      kills,
      stops: options.stops ?? 0,
      options,
      counts,
      most,
      operations,
      violations,
      liveness,
      search,
    });
  } finally {
    for (const { puppet } of crew) await puppet.kill();
    await buffer.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

type Role = "producer" | "consumer";

interface Worker {
  readonly role: Role;
  readonly id: string;
  readonly name: string;
  readonly puppet: Puppet;
  readonly work: Promise<number>;
  readonly armed: "SIGKILL" | "SIGSTOP" | undefined;
}

async function finishProducer(worker: Worker): Promise<void> {
  // It may be waiting in a put; consumers are at work, so there will be room.
  await worker.puppet.call("stopProducing").catch(() => {});
  await surviving(worker);
}

/** The end of its work, or its own death at a failpoint; any other end is a fault of the code under test. */
async function surviving(worker: Worker): Promise<void> {
  try {
    await worker.work;
  } catch (error) {
    if (!(worker.puppet.isGone && worker.armed === "SIGKILL")) throw error;
  }
}

function failpointFrom(names: readonly string[], random: Random) {
  if (names.length === 0) return undefined;
  const signal = random.chance(0.7) ? ("SIGKILL" as const) : ("SIGSTOP" as const);
  return { name: random.pick(names), passing: 1 + random.below(30), signal };
}

/** Looks at the counts from outside, as often as it can be done in passing. */
function watchBound(
  buffer: { counts(): Promise<{ ready: number; leased: number; parked: number }> },
  capacity: number,
) {
  let isOver = false;
  let most = 0;
  const watching = (async () => {
    while (!isOver) {
      const { ready, leased, parked } = await buffer
        .counts()
        .catch(() => ({ ready: 0, leased: 0, parked: 0 }));
      most = Math.max(most, ready + leased + parked);
      await sleep(most > capacity ? 1000 : 10);
    }
  })();
  return {
    async end(): Promise<number> {
      isOver = true;
      await watching;
      return most;
    },
  };
}

function shuffled<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}

/** What did not come in time, in a sentence; nothing if all did. A call that failed is thrown. */
async function inTime(end: Promise<void>, ms: number): Promise<string[]> {
  const clock = new AbortController();
  const late = sleep(ms, "late" as const, { signal: clock.signal }).catch(() => "late" as const);
  const won = await Promise.race([end, late]);
  clock.abort();
  if (won !== "late") return [];
  end.catch(() => {});
  return [
    `Expected the producers to stop and the consumers to drain the sealed buffer within ${ms} ms of the last fault`,
  ];
}
