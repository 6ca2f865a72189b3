/** Puts items into the region. */

import { createHash } from "node:crypto";
import {
  type Envelopes,
  type MaybePromise,
  type Offered,
  outOfRange,
  type ProducerPort,
  type Wait,
  withEnvelope,
} from "@sluice/core";
import { read64 } from "./counter.js";
import { fault } from "./faults.js";
import { OwedWakes } from "./owed-wakes.js";
import { BUSY, type Busy } from "./patience.js";
import type { ProducersSide } from "./producers-side.js";
import { PRODUCER_ID_WORDS, PRODUCERS_MAX, Producer, producerWord, Word } from "./region-layout.js";
import { isSealed } from "./seal.js";
import type { SharedBuffer } from "./shared-buffer.js";
import { Spin } from "./spin.js";

/** Where a named producer's last sequence is kept; one without an id is known to its port alone. */
interface ProducerRecord {
  readonly word: number;
  readonly epoch: number;
}

export class ShmProducerPort implements ProducerPort {
  readonly lastSequence: number;
  readonly copiesAtOnce = true;
  readonly #buffer: SharedBuffer;
  readonly #words: Int32Array;
  readonly #record: ProducerRecord | undefined;
  readonly #spin = new Spin();
  #last = 0;
  #fullBy: "items" | "bytes" = "items";
  #isClosed = false;
  // The offer under way: there is one at most, and so none of these has to be made anew for each.
  #firstSequence = 0;
  #items: readonly Uint8Array[] = [];
  #envelopes: readonly number[] | undefined;
  readonly #step = (producers: ProducersSide) => this.#put(producers);

  private constructor(buffer: SharedBuffer, record: ProducerRecord | undefined) {
    this.#buffer = buffer;
    this.#words = buffer.region.words;
    this.#record = record;
    this.lastSequence = this.#lastSequence;
  }

  static async register(buffer: SharedBuffer, id: string | undefined): Promise<ShmProducerPort> {
    if (id === undefined) {
      // A destroyed buffer has none. Nothing is written, so no turn is waited for.
      buffer.check();
      return new ShmProducerPort(buffer, undefined);
    }
    const record = await buffer.untilHad(() => buffer.produce(() => registerId(buffer, id)));
    // Whoever held the id before, and waits, is to find out.
    buffer.waiters.sets.wakeAll("room");
    buffer.waiters.sets.wakeAll("bytes");
    return new ShmProducerPort(buffer, record);
  }

  offer(
    firstSequence: number,
    items: readonly Uint8Array[],
    wait: Wait,
    envelopes?: Envelopes,
  ): MaybePromise<Offered> {
    const removed = Atomics.load(this.#words, Word.removed);
    this.#firstSequence = firstSequence;
    this.#items = envelopes === undefined ? items : items.map((item, i) => withEnvelope(item, envelopes[i]));
    this.#envelopes = envelopes?.map((envelope) => envelope?.byteLength ?? 0);
    const hasSpun = wait.maxMs > 0 && !wait.signal.aborted && this.#buffer.seemsFull;
    if (hasSpun) this.#spinUntilNot(removed);
    let offered = this.#attempt();
    if (offered !== BUSY && isFull(offered) && this.#buffer.mayHideRoom && this.#buffer.probe())
      offered = this.#attempt();
    if (offered === BUSY || (isFull(offered) && wait.maxMs > 0 && !wait.signal.aborted))
      return this.#later(offered, hasSpun ? undefined : removed, wait);
    return offered;
  }

  close(): void {
    this.#isClosed = true;
  }

  #attempt(): Offered | Busy {
    return this.#buffer.produce(this.#step);
  }

  /** @param removed - as it was before the first attempt; undefined if the spin was before that. */
  #later(first: Offered | Busy, removed: number | undefined, wait: Wait): MaybePromise<Offered> {
    if (first === BUSY) {
      this.#keepItems();
      const had = this.#buffer.untilHad(() => this.#attempt(), first);
      return Promise.resolve(had).then((offered) =>
        isFull(offered) && wait.maxMs > 0 && !wait.signal.aborted ? this.#wait(wait) : offered,
      );
    }
    if (removed !== undefined && this.#spinUntilNot(removed)) {
      const offered = this.#attempt();
      if (offered !== BUSY && !isFull(offered)) return offered;
    }
    this.#keepItems();
    return this.#wait(wait);
  }

  // Once this has returned they are their owner's again, to write to.
  #keepItems(): void {
    this.#items = this.#items.map((item) => new Uint8Array(item));
  }

  // What this process owes goes out first: the one it waits for may be waiting for that.
  #spinUntilNot(removed: number): boolean {
    OwedWakes.flushAll();
    return this.#spin.until(this.#words, Word.removed, removed);
  }

  #wait(wait: Wait): Promise<Offered> {
    return this.#buffer.waiters.wait<Offered>(
      {
        attempt: () => {
          if (this.#isClosed) return { accepted: 0, state: "open" };
          const offered = this.#attempt();
          return offered !== BUSY && isFull(offered) ? undefined : offered;
        },
        giveUp: (isAborted) =>
          isAborted ? { accepted: 0, state: "open" } : { accepted: 0, state: "full", fullBy: this.#fullBy },
        set: () => (this.#fullBy === "items" ? "room" : "bytes"),
      },
      wait,
    );
  }

  #put(producers: ProducersSide): Offered {
    const firstSequence = this.#firstSequence;
    const items = this.#items;
    const record = this.#record;
    if (record !== undefined && this.#words[record.word + Producer.epoch] !== record.epoch)
      throw fault("HANDLE_CLOSED", "This producer id has a newer holder");
    const last = this.#lastSequence;
    if (firstSequence > last + 1)
      throw outOfRange("`firstSequence`", `at most ${last + 1}, for a sequence has no gaps`, firstSequence);
    // A retry is answered from memory before anything else is looked at.
    const known = Math.min(items.length, last + 1 - firstSequence);
    if (known === items.length) return { accepted: known, state: "open" };
    if (isSealed(this.#words)) return { accepted: known, state: "sealed" };
    const count = producers.roomFor(items, known);
    if (count > 0) {
      producers.put(items, this.#envelopes, known, count, record?.word ?? 0, last + count);
      if (record === undefined) this.#last += count;
    }
    if (known + count === items.length) return { accepted: items.length, state: "open" };
    this.#fullBy = producers.fullBy;
    return { accepted: known + count, state: "full", fullBy: producers.fullBy };
  }

  get #lastSequence(): number {
    if (this.#record === undefined) return this.#last;
    return read64(this.#words, this.#record.word + Producer.last, this.#record.word + Producer.lastHigh);
  }
}

// Waited for is room for the first item only.
function isFull({ accepted, state }: Offered): boolean {
  return accepted === 0 && state === "full";
}

/** A fresh epoch for an id, in one store: whoever held it before is refused from then on. */
function registerId(buffer: SharedBuffer, id: string): ProducerRecord {
  const { geometry, words } = buffer.region;
  const digest = createHash("sha256").update(id).digest();
  const hash = Array.from({ length: PRODUCER_ID_WORDS }, (_, i) => digest.readInt32LE(4 * i));
  const epoch = ((words[Word.lastEpoch] as number) % (2 ** 31 - 1)) + 1;
  words[Word.lastEpoch] = epoch;
  for (let index = 0; index < PRODUCERS_MAX; index++) {
    const word = producerWord(geometry, index);
    const isFree = words[word + Producer.epoch] === 0;
    if (isFree) {
      words[word + Producer.last] = 0;
      words[word + Producer.lastHigh] = 0;
      hash.forEach((value, i) => {
        words[word + Producer.id + i] = value;
      });
    } else if (!hash.every((value, i) => words[word + Producer.id + i] === value)) continue;
    Atomics.store(words, word + Producer.epoch, epoch);
    return { word, epoch };
  }
  const message = `This buffer remembers ${PRODUCERS_MAX} producers by their ids, and no more`;
  throw fault("STORAGE_FULL", message);
}
