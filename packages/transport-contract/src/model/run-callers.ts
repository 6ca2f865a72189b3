/** Random histories of several callers at once: who calls what, and when, is drawn; all is written down, and each judged as a whole. */

import { setImmediate as turn } from "node:timers/promises";
import {
  type BoundedBuffer,
  type BufferCounts,
  type Consumer,
  isBufferError,
  type Lease,
  type Producer,
} from "@sluice/core";
import { type OperationKind, type Outcome, recordInMemory } from "@sluice/history-checker";
import type { Random } from "@sluice/history-checker/random";
import type { RuleContext } from "../kit/context.js";
import { describe, equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { judge, takesOf } from "../kit/judge.js";
import { occupied } from "../kit/ledger.js";
import { handled } from "../kit/quiet.js";
import { messageOf } from "../verdict-text.js";

/** One in so many histories ends with a seal. At the end of the others the buffer is empty, and the next one goes on with it. */
const HISTORIES_OF_A_SEAL = 8;

/** @param operations - of each history, before its end is begun, more or less; what is inside then is taken. */
export async function runHistories(t: RuleContext, count: number, operations: number): Promise<void> {
  let handles: Handles | undefined;
  for (let n = 1; n <= count; n++) {
    const random = t.random.fork(`history ${n}`);
    handles ??= await handlesOf(t, 1 + random.below(5));
    const isSealed = n === count || random.below(HISTORIES_OF_A_SEAL) === 0;
    const { isSure } = await runCallers(t, handles, { number: n, random, operations, isSealed });
    // What nobody can tell of may still come about.
    if (!isSealed && isSure) continue;
    await handles[0].destroy();
    handles = undefined;
  }
}

/** Two handles on one buffer. */
type Handles = readonly [BoundedBuffer<unknown>, BoundedBuffer<unknown>];

async function handlesOf(t: RuleContext, capacity: number): Promise<Handles> {
  const stage = await t.stage({ capacity, failuresMax: 1_000_000 });
  return [stage.buffer, await stage.another()];
}

interface CallersOptions {
  readonly number: number;
  /** Of this history alone. */
  readonly random: Random;
  readonly operations: number;
  readonly isSealed: boolean;
}

async function runCallers(t: RuleContext, handles: Handles, options: CallersOptions): Promise<Callers> {
  const { capacity } = handles[0].spec;
  const title = `history ${options.number}, capacity ${capacity}`;
  const callers = new Callers(t, handles, await handles[0].counts(), options);
  try {
    await t.within(callers.run(), 4, "all calls, and the end of all items");
    judge(callers.history.operations(), capacity, t.harness.capabilities);
    await callers.checkCounts();
  } catch (error) {
    t.histories.push({ title, capacity, operations: callers.history.operations(), marks: [] });
    fail(`In ${title}: ${messageOf(error)}`);
  }
  return callers;
}

type Begin = (kind: OperationKind, told?: Told) => (outcome: Outcome, more?: Told) => void;
interface Told {
  readonly value?: string;
  readonly deliveries?: number;
  readonly leaseMs?: number;
}

/** Longer than any history takes. */
const LEASE_MS = 60_000;
const ABORT_CHANCE = 0.2;
/** Of a caller between its calls, at most: beside a slow one others wait more often. */
const IDLE_TURNS = [0, 0, 19] as const;
/** Whoever looks at the counts lets fewer than so many operations begin in between. */
const LOOK_EACH = 20;
/** Thrown by the signals. */
const ENOUGH = new Error("enough");

class Callers {
  readonly history = recordInMemory();
  readonly #buffers: Handles;
  readonly #random: Random;
  /** In each value, so that none of an earlier history is taken for one of this. */
  readonly #number: number;
  readonly #isSealed: boolean;
  /** Of the earlier histories. */
  readonly #before: BufferCounts;
  /** Of a history without a seal: ends the takes that wait when all is taken. */
  readonly #over = new AbortController();
  /** Of a take that was aborted: over a wire it may have kept an item from others for a moment. */
  readonly #aborted: Outcome;
  readonly #settlements: readonly ("ack" | "nack" | "release")[];
  #left: number;
  #awaited: { readonly left: number; readonly come: () => void } = { left: -Infinity, come: () => {} };
  #accepted = 0;
  /** Puts, and takes, of which nobody can tell. */
  #unsurePuts = 0;
  #unsureTakes = 0;
  #finished = 0;

  constructor(
    { harness: { capabilities } }: RuleContext,
    buffers: Handles,
    before: BufferCounts,
    options: CallersOptions,
  ) {
    this.#buffers = buffers;
    this.#before = before;
    this.#random = options.random;
    this.#number = options.number;
    this.#isSealed = options.isSealed;
    this.#left = options.operations;
    this.#aborted = takesOf(capabilities).takesInTwoSteps === true ? "unknown" : "none";
    this.#settlements =
      capabilities.returned === "in-place" ? ["ack", "ack", "ack", "nack", "release"] : ["ack"];
  }

  /** Whether it is known of each call what came of it. */
  get isSure(): boolean {
    return this.#unsurePuts + this.#unsureTakes === 0;
  }

  /** Up to three producers, up to three consumers, and whoever seals or sees the last item go, on two handles. */
  async run(): Promise<void> {
    const each = (role: string, work: (name: string, random: Random) => Promise<void>) =>
      Array.from({ length: 1 + this.#random.below(3) }, (_, i) => {
        const name = `${role}-${i + 1}`;
        return work(name, this.#random.fork(name));
      });
    const producers = each("producer", async (name, random) => {
      const producer = await random.pick(this.#buffers).producer();
      await this.#produce(name, random, producer);
      await producer.close();
    });
    const consumers = each("consumer", async (name, random) => {
      const consumer = await random.pick(this.#buffers).consumer();
      await this.#consume(name, random, consumer);
      await consumer.close();
    });
    const owner = this.#own(this.#random.fork("owner"), () => Promise.all(producers));
    await Promise.all([...producers, ...consumers, owner]);
    if (this.#isSealed) await this.#buffers[0].drained();
  }

  async checkCounts(): Promise<void> {
    const { produced, consumed, ready, leased } = await this.#buffers[0].counts();
    equal({ ready, leased }, { ready: 0, leased: 0 }, "what is inside when all is taken");
    const [accepted, finished] = [produced - this.#before.produced, consumed - this.#before.consumed];
    isWithin(accepted, this.#accepted, this.#unsurePuts, "produced, as the puts tell");
    // An aborted take took nothing, whatever is conceded to its history.
    isWithin(finished, this.#finished, this.#unsureTakes, "consumed, as the takes and acks tell");
  }

  /** Of calls that would wait for ever where no seal comes. */
  get #end(): AbortSignal | undefined {
    return this.#isSealed ? undefined : this.#over.signal;
  }

  /** @returns what writes down the begin of an operation, and counts it. */
  #recorder(name: string): Begin {
    const recorder = this.history.recorder(name);
    return (kind, told) => {
      this.#left--;
      if (this.#left <= this.#awaited.left) this.#awaited.come();
      return recorder.begin(kind, told);
    };
  }

  /** Resolves when no more than so many are left to be begun. */
  #come(left: number): Promise<void> {
    return new Promise((come) => {
      this.#awaited = { left, come };
      if (this.#left <= left) come();
    });
  }

  async #own(random: Random, allPut: () => Promise<unknown>): Promise<void> {
    const [buffer] = this.#buffers;
    const look = async (): Promise<BufferCounts> => {
      const counts = await buffer.counts();
      checkLedger(counts, buffer.spec.capacity, "while items flow");
      return counts;
    };
    const endAt = random.below(30);
    while (this.#left > endAt) {
      await look();
      await this.#come(Math.max(endAt, this.#left - random.below(LOOK_EACH)));
      await turns(random.below(4));
    }
    if (this.#isSealed) {
      const end = this.#recorder("owner")("seal");
      await buffer.seal();
      return end("ok");
    }
    await allPut();
    while (occupied(await look()) > 0) await turns(1 + random.below(20));
    this.#over.abort(ENOUGH);
  }

  async #produce(name: string, random: Random, producer: Producer<unknown>): Promise<void> {
    const begin = this.#recorder(name);
    const idleTurns = random.pick(IDLE_TURNS);
    for (let n = 0; this.#left > 0; await pause(random), await turns(random.below(idleTurns + 1))) {
      const values = Array.from(
        { length: random.pick([1, 1, 1, 2, 3]) },
        () => `${this.#number}-${name}-${++n}`,
      );
      const ends = values.map((value) => begin("put", { value }));
      const outcomes = await this.#put(random, producer, values);
      for (const [i, end] of ends.entries()) end(outcomes[i] ?? "none");
      this.#accepted += outcomes.filter((one) => one === "ok").length;
      this.#unsurePuts += outcomes.filter((one) => one === "unknown").length;
      if (outcomes.includes("sealed")) return;
    }
  }

  async #put(random: Random, producer: Producer<unknown>, values: readonly string[]): Promise<Outcome[]> {
    const [value] = values;
    if (values.length === 1 && random.chance(0.3)) {
      const answer = await producer.tryPut(value);
      return [answer === "accepted" ? "ok" : answer];
    }
    try {
      const accepted = await abortedPerhaps(random, undefined, (signal) =>
        values.length === 1
          ? producer.put(value, { signal }).then(() => 1)
          : producer.putMany(values, random.chance(0.5) ? { signal } : { signal, timeoutMs: 0 }),
      );
      return values.slice(0, accepted).map(() => "ok");
    } catch (error) {
      if (isBufferError(error, "BUFFER_SEALED")) return values.map(() => "sealed");
      if (isBufferError(error, "OUTCOME_UNKNOWN")) return values.map(() => "unknown");
      if (error === ENOUGH || isBufferError(error, "WAIT_TIMED_OUT")) return [];
      return fail(
        `Expected a put of ${values.join(", ")} to resolve or to be refused, got ${describe(error)}`,
      );
    }
  }

  async #consume(name: string, random: Random, consumer: Consumer<unknown>): Promise<void> {
    const begin = this.#recorder(name);
    const idleTurns = random.pick(IDLE_TURNS);
    const { signal } = this.#over;
    for (
      let isTold = false;
      !isTold && !signal.aborted;
      await pause(random), await turns(random.below(idleTurns + 1))
    ) {
      isTold = random.chance(0.5)
        ? await this.#take(random, consumer, begin)
        : await this.#lease(random, consumer, begin);
    }
  }

  /** @returns whether it was told the end. */
  async #take(random: Random, consumer: Consumer<unknown>, begin: Begin): Promise<boolean> {
    const isTry = random.chance(0.4);
    const end = begin("take");
    const got = await (isTry
      ? consumer.tryTake()
      : abortedPerhaps(random, this.#end, (signal) => consumer.take({ signal })).catch((error) =>
          this.#outcome(error),
        ));
    if (typeof got === "string") end(got);
    else if (got.done) end("end");
    else {
      end("ok", { value: got.value as string });
      this.#finished++;
    }
    return typeof got !== "string" && got.done === true;
  }

  async #lease(random: Random, consumer: Consumer<unknown>, begin: Begin): Promise<boolean> {
    const isTry = random.chance(0.4);
    const end = begin("lease", { leaseMs: LEASE_MS });
    const terms = { leaseMs: LEASE_MS };
    const got = await (isTry
      ? consumer.tryLease(terms)
      : abortedPerhaps(random, this.#end, (signal) => consumer.lease({ ...terms, signal })).catch((error) =>
          this.#outcome(error),
        ));
    if (typeof got === "string") end(got);
    else if (got.done) end("end");
    else {
      const { deliveries } = got.value;
      end("ok", { value: got.value.value as string, deliveries });
      await pause(random);
      await this.#settle(random, got.value, begin);
    }
    return typeof got !== "string" && got.done === true;
  }

  async #settle(random: Random, lease: Lease<unknown>, begin: Begin): Promise<void> {
    const kind = random.pick(this.#settlements);
    const end = begin(kind, { value: lease.value as string, deliveries: lease.deliveries });
    if (kind === "nack") await lease.nack({ reason: "again" });
    else await lease[kind]();
    end("ok");
    if (kind === "ack") this.#finished++;
  }

  #outcome(error: unknown): Outcome {
    if (error === ENOUGH) return this.#aborted;
    if (isBufferError(error, "OUTCOME_UNKNOWN")) {
      this.#unsureTakes++;
      return "unknown";
    }
    return fail(`Expected a take or a lease to resolve or to be aborted, got ${describe(error)}`);
  }
}

function isWithin(count: number, least: number, unsure: number, what: string): void {
  const range = unsure === 0 ? `${least}` : `${least} to ${least + unsure}`;
  isTrue(count >= least && count <= least + unsure, `Expected ${range} items ${what}, got ${count}`);
}

/** Nothing, some microtasks, or some turns of the event loop. */
async function pause(random: Random): Promise<void> {
  const how = random.pick(["not", "microtasks", "turns"] as const);
  if (how === "microtasks") for (let left = 1 + random.below(9); left > 0; left--) await null;
  if (how === "turns") await turns(1 + random.below(3));
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

/** Now and then the call is given up, after some turns. @param otherwise - is the signal of one that is not. */
async function abortedPerhaps<T>(
  random: Random,
  otherwise: AbortSignal | undefined,
  call: (signal?: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!random.chance(ABORT_CHANCE)) return call(otherwise);
  const abort = new AbortController();
  const called = handled(call(abort.signal));
  await turns(random.below(4));
  abort.abort(ENOUGH);
  return called;
}
