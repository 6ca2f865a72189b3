/** One random history of several callers at once: who calls what, and when, is drawn; all is written down, and judged as a whole. */

import { setImmediate as turn } from "node:timers/promises";
import { type BoundedBuffer, type Consumer, isBufferError, type Lease, type Producer } from "@sluice/core";
import { type OperationKind, type Outcome, recordInMemory } from "@sluice/history-checker";
import type { Random } from "@sluice/history-checker/random";
import type { RuleContext } from "../kit/context.js";
import { describe, equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { judge, takesOf } from "../kit/judge.js";
import { handled } from "../kit/quiet.js";
import { messageOf } from "../verdict-text.js";

export interface CallersOptions {
  /** For messages: `history 7`. */
  readonly title: string;
  /** Of this history alone. */
  readonly random: Random;
  /** So many are begun before the seal, more or less; what is inside then is taken. */
  readonly operations: number;
}

export async function runCallers(t: RuleContext, options: CallersOptions): Promise<void> {
  const capacity = 1 + options.random.below(5);
  const title = `${options.title}, capacity ${capacity}`;
  const stage = await t.stage({ capacity, failuresMax: 1_000_000 });
  const callers = new Callers(t, [stage.buffer, await stage.another()], options);
  try {
    await t.within(callers.run(), 4, "all calls, and the end of the buffer");
    judge(callers.history.operations(), capacity, t.harness.capabilities);
    await callers.checkCounts();
  } catch (error) {
    t.histories.push({ title, capacity, operations: callers.history.operations(), marks: [] });
    fail(`In ${title}: ${messageOf(error)}`);
  }
  await stage.buffer.destroy();
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
/** Thrown by the signals. */
const ENOUGH = new Error("enough");

class Callers {
  readonly history = recordInMemory();
  readonly #buffers: readonly [BoundedBuffer<unknown>, BoundedBuffer<unknown>];
  readonly #random: Random;
  /** Of a take that was aborted: over a wire it may have kept an item from others for a moment. */
  readonly #aborted: Outcome;
  readonly #settlements: readonly ("ack" | "nack" | "release")[];
  #left: number;
  #accepted = 0;
  /** Puts, and takes, of which nobody can tell. */
  #unsurePuts = 0;
  #unsureTakes = 0;
  #finished = 0;

  constructor(
    { harness: { capabilities } }: RuleContext,
    buffers: [BoundedBuffer<unknown>, BoundedBuffer<unknown>],
    options: CallersOptions,
  ) {
    this.#buffers = buffers;
    this.#random = options.random;
    this.#left = options.operations;
    this.#aborted = takesOf(capabilities).takesInTwoSteps === true ? "unknown" : "none";
    this.#settlements =
      capabilities.returned === "in-place" ? ["ack", "ack", "ack", "nack", "release"] : ["ack"];
  }

  /** Up to three producers, up to three consumers, and whoever seals, on two handles. */
  async run(): Promise<void> {
    const each = (role: string, work: (name: string, random: Random) => Promise<void>) =>
      Array.from({ length: 1 + this.#random.below(3) }, (_, i) => {
        const name = `${role}-${i + 1}`;
        return work(name, this.#random.fork(name));
      });
    const producers = each("producer", async (name, random) =>
      this.#produce(name, random, await random.pick(this.#buffers).producer()),
    );
    const consumers = each("consumer", async (name, random) =>
      this.#consume(name, random, await random.pick(this.#buffers).consumer()),
    );
    await Promise.all([...producers, ...consumers, this.#own(this.#random.fork("owner"))]);
    await this.#buffers[0].drained();
  }

  async checkCounts(): Promise<void> {
    const { produced, consumed, ready, leased } = await this.#buffers[0].counts();
    equal({ ready, leased }, { ready: 0, leased: 0 }, "what is inside a drained buffer");
    isWithin(produced, this.#accepted, this.#unsurePuts, "produced, as the puts tell");
    // An aborted take took nothing, whatever is conceded to its history.
    isWithin(consumed, this.#finished, this.#unsureTakes, "consumed, as the takes and acks tell");
  }

  /** @returns what writes down the begin of an operation, and counts it. */
  #recorder(name: string): Begin {
    const recorder = this.history.recorder(name);
    return (kind, told) => {
      this.#left--;
      return recorder.begin(kind, told);
    };
  }

  async #own(random: Random): Promise<void> {
    const [buffer] = this.#buffers;
    const sealAt = random.below(30);
    while (this.#left > sealAt) {
      checkLedger(await buffer.counts(), buffer.spec.capacity, "while items flow");
      await turns(random.below(60));
    }
    const end = this.#recorder("owner")("seal");
    await buffer.seal();
    end("ok");
  }

  async #produce(name: string, random: Random, producer: Producer<unknown>): Promise<void> {
    const begin = this.#recorder(name);
    const idleTurns = random.pick(IDLE_TURNS);
    for (let n = 0; this.#left > 0; await pause(random), await turns(random.below(idleTurns + 1))) {
      const values = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => `${name}-${++n}`);
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
      const accepted = await abortedPerhaps(random, (signal) =>
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
    for (let isOver = false; !isOver; await pause(random), await turns(random.below(idleTurns + 1))) {
      isOver = random.chance(0.5)
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
      : abortedPerhaps(random, (signal) => consumer.take({ signal })).catch((error) => this.#outcome(error)));
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
      : abortedPerhaps(random, (signal) => consumer.lease({ ...terms, signal })).catch((error) =>
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

/** Now and then the call is given up, after some turns. */
async function abortedPerhaps<T>(random: Random, call: (signal?: AbortSignal) => Promise<T>): Promise<T> {
  if (!random.chance(ABORT_CHANCE)) return call();
  const abort = new AbortController();
  const called = handled(call(abort.signal));
  await turns(random.below(4));
  abort.abort(ENOUGH);
  return called;
}
