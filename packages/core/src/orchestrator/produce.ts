/** A producer at work: what its generator yields goes into the buffer, and the next value is asked for when it is in. */

import { BufferError, isBufferError, show } from "../errors.js";
import type { Producer } from "../producer.js";
import type { Journal } from "./journal.js";
import type { WorkerEnd, WorkerJob } from "./worker-messages.js";

/**
 * Ends when the source does, when `stop` is aborted, or when the buffer is sealed. A value that was not accepted by then is
 * dropped and counted nowhere. Rejects with what the source threw, or with a put's fault.
 *
 * @param register - registers the producer anew under its id, so that its `lastSequence` is certain.
 */
export async function produce(
  source: unknown,
  producer: Producer<unknown>,
  register: () => Promise<Producer<unknown>>,
  job: WorkerJob,
  journal: Journal,
  stop: AbortSignal,
): Promise<WorkerEnd> {
  const batches = new Batches(iterate(source));
  const putter = new Putter(producer, register, journal, stop);
  try {
    for (;;) {
      const next = await batches.next(job.batch);
      if (stop.aborted) return "stopped";
      if (next.length === 0) return "done";
      if (!(await putter.putAll(next))) return stop.aborted ? "stopped" : "sealed";
    }
  } catch (error) {
    // A source that was told to stop may well throw: the signal's reason, or an AbortError made of it.
    if (stop.aborted) return "stopped";
    throw error;
  } finally {
    await batches.end();
  }
}

// A put whose outcome was unknown, and turned out not to have taken place, is made again, but not for ever.
const IN_VAIN_MAX = 5;

class Putter {
  readonly #register: () => Promise<Producer<unknown>>;
  readonly #journal: Journal;
  readonly #stop: AbortSignal;
  #producer: Producer<unknown>;
  #inVain = 0;

  constructor(
    producer: Producer<unknown>,
    register: () => Promise<Producer<unknown>>,
    journal: Journal,
    stop: AbortSignal,
  ) {
    this.#producer = producer;
    this.#register = register;
    this.#journal = journal;
    this.#stop = stop;
  }

  /** False if the buffer was sealed, or the wait for room was ended by the stop, before all were in. */
  async putAll(values: readonly unknown[]): Promise<boolean> {
    let left = values;
    while (left.length > 0) {
      if (this.#stop.aborted) return false;
      const accepted = await this.#put(left);
      if (accepted === undefined) return false;
      await this.#journal.items("produced", left.slice(0, accepted));
      left = left.slice(accepted);
    }
    return true;
  }

  /** How many were accepted; undefined where none will be any more. */
  async #put(values: readonly unknown[]): Promise<number | undefined> {
    const { lastSequence } = this.#producer;
    try {
      const accepted = await this.#producer.putMany(values, { signal: this.#stop });
      this.#inVain = 0;
      return accepted;
    } catch (error) {
      if (isBufferError(error, "BUFFER_SEALED")) return undefined;
      if (this.#stop.aborted && error === this.#stop.reason) return undefined;
      if (!isBufferError(error, "OUTCOME_UNKNOWN")) throw error;
      const accepted = await this.#learn(lastSequence, values.length);
      this.#inVain = accepted > 0 ? 0 : this.#inVain + 1;
      if (this.#inVain === IN_VAIN_MAX) throw error;
      return accepted;
    }
  }

  /** After an unknown outcome: how many were accepted after all. */
  async #learn(before: number, count: number): Promise<number> {
    try {
      this.#producer = await this.#register();
      return this.#producer.lastSequence - before;
    } catch (error) {
      this.#journal.tally("unknown", count);
      throw error;
    }
  }
}

type Source = AsyncIterator<unknown> | Iterator<unknown>;

function iterate(source: unknown): Source {
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return (source as Iterable<unknown>)[Symbol.iterator]();
  }
  const expected = "an async generator, or another iterable";
  throw new BufferError(
    "WORKER_FAILED",
    `Expected the producer's function to return ${expected}, got ${show(source)}`,
  );
}

/** Asks a source for several values at a time, as far as it has them ready. */
class Batches {
  readonly #source: Source;
  // Asked for, and not there when its batch went off.
  #asked: Promise<IteratorResult<unknown>> | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** 1 to `max` values, waiting only for the first; none at the end. Throws what the source threw once all that came before it has gone off. */
  async next(max: number): Promise<unknown[]> {
    const first = await (this.#asked ?? this.#source.next());
    if (first.done) return [];
    this.#asked = undefined;
    const values = [first.value];
    if (max === 1) return values;
    const nextTurn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    while (values.length < max) {
      this.#asked = this.#ask();
      const next = await Promise.race([this.#asked, nextTurn]).catch(() => undefined); // met by the next call
      if (next === undefined || next.done) return values;
      this.#asked = undefined;
      values.push(next.value);
    }
    return values;
  }

  #ask(): Promise<IteratorResult<unknown>> {
    try {
      const asked = Promise.resolve(this.#source.next());
      asked.catch(() => {}); // met by whoever awaits it
      return asked;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Ends the source. One that was asked for a value, and may never have one, is not waited for: until then it does not end. */
  async end(): Promise<void> {
    const ended = Promise.resolve(this.#source.return?.());
    if (this.#asked === undefined) await ended;
    else ended.catch(() => {});
  }
}
