/** What a rule has at hand: fresh buffers, waiting, random numbers, and a place for what has to be cleared away. */

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type BoundedBuffer,
  type BufferAddress,
  type BufferPort,
  type BufferSettings,
  type BufferTransport,
  type BufferWishes,
  type Codec,
  type ConsumerPort,
  completeSpec,
  createBuffer,
  type Delivery,
  json,
  openBuffer,
  type ProducerPort,
  type Wait,
} from "@sluice/core";
import type { Random } from "@sluice/history-checker/random";
import type { Harness } from "../harness.js";
import type { KeptHistory } from "../report/kept-history.js";
import type { Timing } from "../timing.js";
import { Cleanups } from "./cleanups.js";
import { makingWith, type WaysIn } from "./making.js";
import { newTransport } from "./new-transport.js";
import type { InItsTime } from "./quiet.js";
import { forever, type Waiting, waitingWith } from "./waiting.js";

/** A buffer through the face. */
export interface Stage<T> {
  readonly transport: BufferTransport;
  /** The creator's handle. */
  readonly buffer: BoundedBuffer<T>;
  /** One more handle on it, as another part of the program, or another process, would have. */
  another(): Promise<BoundedBuffer<T>>;
  /** One more at the port. */
  port(): Promise<BufferPort>;
}

/** A buffer at the port, without core between. */
interface BareStage {
  readonly transport: BufferTransport;
  readonly address: BufferAddress;
  readonly port: BufferPort;
  another(): Promise<BufferPort>;
}

export interface RuleContext extends Waiting, WaysIn {
  readonly harness: Harness;
  readonly timing: Timing;
  readonly random: Random;
  /** How many of something: processes to kill, items to put. Follows the effort that was asked for. */
  trials(usual: number): number;
  /**
   * Numbers of trials of what only sometimes goes wrong: `least` of them at any rate, then more for about a second, up to
   * `most`: thousands where a trial is cheap. The same seed gives the same trials, be they more or fewer.
   */
  tries(least: number, most: number): Iterable<number>;
  /** A transport at a fresh place. */
  transport(): Promise<BufferTransport>;
  stage(settings: BufferSettings & BufferWishes): Promise<Stage<unknown>>;
  stage<T>(settings: BufferSettings & BufferWishes, codec: Codec<T>): Promise<Stage<T>>;
  bare(settings: BufferSettings): Promise<BareStage>;
  /** What its processes did, for whoever looks at the verdict; a rule adds to it before it judges. */
  readonly histories: KeptHistory[];
  /** Aborted when the rule is over, however it ended; nothing of it is to go on then. */
  readonly over: AbortSignal;
  /** For a handle, or what was changed: undone when the rule is over, the last one first. It may fail, or not come to its end. */
  defer(undo: () => unknown): void;
  /**
   * For what would outlive the rule: a child process, a folder, a run. Let go when the rule is over, the last one first, and waited
   * for; at once if it is over already.
   *
   * @returns lets it go now.
   */
  hold(release: () => unknown): () => Promise<void>;
}

const TRIES_MS = 1000;

export interface ContextOptions {
  readonly timing: Timing;
  readonly random: Random;
  /** Multiplies the number of trials. */
  readonly effort: number;
  /** Signal times for each thing that is made for the rule: a buffer, a handle, a producer, a consumer. */
  readonly makingSignals: number;
}

/** @returns the context, and what clears away all that it gave out; it resolves to what could not be, in sentences. */
export function newContext(
  harness: Harness,
  options: ContextOptions,
): { context: RuleContext; end(): Promise<string[]> } {
  const { timing, random } = options;
  const cleanups = new Cleanups(timing);
  const over = new AbortController();
  const { signal } = over;

  const waits = waitingWith(timing, signal);

  const transport = async (): Promise<BufferTransport> => {
    if (signal.aborted) await forever();
    return newTransport(harness, cleanups, waits);
  };

  const inItsTime: InItsTime = (making, what) => waits.within(making, options.makingSignals, what);

  const making = makingWith(inItsTime, cleanups);

  const context: RuleContext = {
    ...waits,
    ...making.waysIn,
    harness,
    timing,
    random,
    trials: (usual) => Math.max(1, Math.round(usual * options.effort)),
    *tries(least, most) {
      const end = performance.now() + TRIES_MS * options.effort;
      for (let n = 0; n < most * options.effort; n++) {
        if (n >= least * options.effort && performance.now() > end) return;
        yield n;
      }
    },
    transport,
    histories: [],

    async stage<T>(
      settings: BufferSettings & BufferWishes,
      codec: Codec<T> = json as unknown as Codec<T>,
    ): Promise<Stage<T>> {
      const at = await transport();
      const created = createBuffer<T>(at, { ...harness.wishes, ...settings, codec });
      return {
        transport: at,
        buffer: await making.buffer(created, "createBuffer", (buffer) => buffer.destroy()),
        another: () => making.buffer(openBuffer(at, { codec }), "openBuffer", (other) => other.close()),
        port: () => making.port(at),
      };
    },

    async bare(settings) {
      const at = await transport();
      const creating = (async () => at.create(completeSpec(settings, "bytes"), harness.wishes ?? {}))();
      return {
        transport: at,
        address: await inItsTime(creating, "the transport's create"),
        port: await making.port(at, (port) => port.destroy()),
        another: () => making.port(at),
      };
    },

    over: signal,
    defer: (undo) => cleanups.defer(undo),
    hold: (release) => cleanups.hold(release, "letting go of what the rule had started"),
  };

  return {
    context,
    end() {
      over.abort();
      return cleanups.end();
    },
  };
}

const NEVER: AbortSignal = new AbortController().signal;

/** Waits at the port: not at all, or for so long. */
export function waiting(maxMs: number, signal: AbortSignal = NEVER, onWait: () => void = () => {}): Wait {
  return { maxMs, signal, onWait };
}

/** Bytes with one number in them, for rules at the port. */
export function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/**
 * Offers until it is in, as core does: a port may return early.
 *
 * @param wait - of each offer; once its signal is aborted, nothing is offered any more.
 */
export async function offerAll(
  producer: ProducerPort,
  first: number,
  items: readonly Uint8Array[],
  wait: Wait = waiting(1000),
): Promise<void> {
  for (let done = 0; done < items.length; ) {
    const offered = await producer.offer(first + done, items.slice(done), wait);
    if (offered.state === "sealed") throw new Error("The buffer is sealed");
    done += offered.accepted;
    if (wait.signal.aborted) await forever();
    // A port that returns at once would leave no turn to anybody else.
    await nextTurn();
  }
}

/** Polls until something is handed out, as core does. */
export async function pollOne(consumer: ConsumerPort, lease?: { leaseMs: number }): Promise<Delivery> {
  for (;;) {
    const polled = await consumer.poll(1, waiting(1000), lease);
    const delivery = polled.deliveries[0];
    if (delivery !== undefined) return delivery;
    if (polled.state === "drained") throw new Error("The buffer is drained");
    await nextTurn();
  }
}
