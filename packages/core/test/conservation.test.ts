// Goal: whatever a port does within the interface, and whatever callers abort, time out or close, no item is lost, doubled or
// invented, and each caller is told the truth. Method: many callers on one producer and two consumers over the memory
// transport, whose ports are made capricious from a printed seed: late, early, busy, cut off before or after the commit.
import {
  BufferError,
  type BufferPort,
  type BufferTransport,
  type Consumer,
  createBuffer,
  isBufferError,
  type MaybePromise,
  type Producer,
  type Wait,
} from "@sluice/core";
import { expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A transport that keeps the interface to the letter, and no more than that. */
function capricious(random: () => number): BufferTransport {
  const memory = memoryTransport();
  const capabilities = { ...memory.capabilities, putOutcome: "may-be-unknown" as const };
  const chance = (probability: number) => random() < probability;

  async function whim<R>(wait: Wait | undefined, ask: (wait: Wait) => MaybePromise<R>): Promise<R> {
    if (chance(0.3)) await pause(random() * 2);
    if (chance(0.05)) throw new BufferError("BUFFER_BUSY", "somebody holds the lock");
    const given = wait ?? { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };
    // Returning early is legal.
    const maxMs = chance(0.5) ? Math.min(given.maxMs, random() * 3) : given.maxMs;
    if (wait !== undefined && chance(0.05))
      throw new BufferError("TRANSPORT_UNAVAILABLE", "cut off", { effect: "unknown" });
    const answer = await ask({ ...given, maxMs });
    if (chance(0.2)) await pause(random() * 2);
    return answer;
  }

  function wrap(port: BufferPort): BufferPort {
    return {
      ...port,
      capabilities,
      async producer(id) {
        const inner = await port.producer(id);
        return {
          lastSequence: inner.lastSequence,
          async offer(first, items, wait, envelopes) {
            const offered = await whim(wait, (given) => inner.offer(first, items, given, envelopes));
            // The answer is lost, the items are in.
            if (chance(0.05))
              throw new BufferError("TRANSPORT_UNAVAILABLE", "cut off", { effect: "unknown" });
            return offered;
          },
          close: () => inner.close(),
        };
      },
      async consumer() {
        const inner = await port.consumer();
        return {
          // A poll that is cut off here has taken nothing: what is lost between commit and answer is the medium's affair.
          poll: (max, wait, lease) => whim(wait, (given) => inner.poll(max, given, lease)),
          settle: (settlements) => whim(undefined, () => inner.settle(settlements)),
          close: () => inner.close(),
        };
      },
    };
  }

  return { ...memory, capabilities, open: async (address) => wrap(await memory.open(address)) };
}

interface Told {
  readonly accepted: Set<number>;
  readonly refused: Set<number>;
  readonly unknown: Set<number>;
  readonly taken: number[];
}

async function putSome(
  producer: Producer<number>,
  told: Told,
  next: () => number,
  random: () => number,
): Promise<void> {
  for (let n = 0; n < 12; n += 1) {
    const value = next();
    const abort = new AbortController();
    const whim = random();
    const options = {
      ...(whim < 0.3 ? { timeoutMs: random() * 8 } : {}),
      ...(whim > 0.6 ? { signal: abort.signal } : {}),
    };
    if (whim > 0.8) setTimeout(() => abort.abort(new Error("enough")), random() * 5);
    try {
      if (random() < 0.2) {
        const result = await producer.tryPut(value);
        (result === "accepted" ? told.accepted : told.refused).add(value);
      } else {
        await producer.put(value, options);
        told.accepted.add(value);
      }
    } catch (error) {
      const isUnknown = isBufferError(error) && error.effect === "unknown";
      (isUnknown ? told.unknown : told.refused).add(value);
    }
  }
}

async function takeAll(consumer: Consumer<number>, told: Told, random: () => number): Promise<void> {
  const untilDone = async () => {
    for (;;) {
      try {
        if (random() < 0.3) {
          const leases = await consumer.leaseMany(3, { timeoutMs: 1 + random() * 8 });
          if (leases.length === 0) return;
          for (const lease of leases) {
            // Busy or not, a settlement without effect is tried again.
            const isAck = random() < 0.7;
            const settle = () => (isAck ? lease.ack() : lease.release());
            while (
              await settle().then(
                () => false,
                (error) => isBufferError(error, "BUFFER_BUSY"),
              )
            );
            if (isAck) told.taken.push(lease.value);
          }
        } else {
          const signal = random() < 0.5 ? AbortSignal.timeout(Math.ceil(random() * 5)) : undefined;
          const taken = random() < 0.2 ? await consumer.tryTake() : await consumer.take({ signal });
          if (taken === "empty") await pause(1);
          else if (taken.done) return;
          else told.taken.push(taken.value);
        }
      } catch (error) {
        const isOurs = isBufferError(error)
          ? error.code !== "INVALID_ARGUMENT"
          : error instanceof DOMException;
        if (!isOurs) throw error;
      }
    }
  };
  await Promise.all([untilDone(), untilDone(), untilDone()]);
}

const seeds =
  process.env["SLUICE_SEED"] === undefined ? [1, 2, 3, 4, 5, 6, 7, 8] : [Number(process.env["SLUICE_SEED"])];

test.each(seeds)(
  "nothing is lost, doubled or invented over a capricious port: SLUICE_SEED=%i",
  async (seed) => {
    const random = randomFrom(seed);
    const buffer = await createBuffer<number>(capricious(random), { capacity: 3, failuresMax: 1_000 });
    const told: Told = { accepted: new Set(), refused: new Set(), unknown: new Set(), taken: [] };
    let last = 0;
    const next = () => {
      last += 1;
      return last;
    };
    const named = await buffer.producer({ id: "p" });
    const anonymous = await buffer.producer();
    const consumers = [await buffer.consumer(), await buffer.consumer()];
    const takes = consumers.map((consumer) => takeAll(consumer, told, random));
    const puts = [named, named, named, anonymous, anonymous].map((producer) =>
      putSome(producer, told, next, random),
    );
    await Promise.all(puts);
    await buffer.seal();
    await Promise.all(takes);

    const counts = await buffer.counts();
    // Or everything below would hold because nothing happened.
    expect(told.accepted.size, "puts accepted").toBeGreaterThan(10);
    expect(counts.peak).toBeLessThanOrEqual(3);
    expect(new Set(told.taken).size, "no item was handed to two takers").toBe(told.taken.length);
    const taken = new Set(told.taken);
    expect(
      [...told.accepted].filter((value) => !taken.has(value)),
      "accepted and lost",
    ).toEqual([]);
    expect(
      [...told.refused].filter((value) => taken.has(value)),
      "refused and yet put",
    ).toEqual([]);
    expect(told.accepted.size + told.refused.size + told.unknown.size).toBe(last);
    expect(counts.produced).toBe(told.taken.length);
    await buffer.destroy();
  },
);
