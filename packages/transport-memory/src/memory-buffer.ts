/**
 * The authority: the one place where the state of a buffer is decided.
 *
 * JavaScript runs one call at a time, so a method without `await` is one commit: check and change cannot be parted. On
 * any other medium that is the part to build (a fenced link, a script in a server, a broker's loop); the rules stay these.
 */

import type {
  BufferAddress,
  BufferCounts,
  BufferSpec,
  DeadLetter,
  Delivery,
  Envelopes,
  LeaseTerms,
  MaybePromise,
  Offered,
  Polled,
  Settled,
  Settlement,
  Wait,
} from "@sluice/core";
import { BufferError } from "@sluice/core";
import { DeadLetters } from "./dead-letters.js";
import { Leases } from "./leases.js";
import { acceptedBefore, heldByAnother, type ProducerRecord, ProducerRecords } from "./producer-records.js";
import { type Item, ReadyList, sizeOf } from "./ready-list.js";
import { type Participant, WaitingLine } from "./waiting-line.js";

type Content = Pick<Item, "bytes" | "envelope">;

export class MemoryBuffer {
  readonly spec: BufferSpec;
  readonly address: BufferAddress;

  // Every item is in exactly one of these three; all but a dead letter occupy a slot.
  readonly #ready: ReadyList = new ReadyList();
  readonly #leases: Leases;
  readonly #letters: DeadLetters;

  #bytes = 0; // of the occupied slots
  #produced = 0;
  #consumed = 0;
  #discarded = 0;
  #peak = 0;
  #lastSequence = 0;
  #sealed: "no" | "draining" | "discarding" = "no";
  #isDestroyed = false;
  readonly #producers: ProducerRecords = new ProducerRecords();

  // Offers wait for room, polls for an item, others for the end.
  readonly room: WaitingLine;
  readonly items: WaitingLine;
  readonly end: WaitingLine;

  constructor(spec: BufferSpec, address: BufferAddress) {
    this.spec = spec;
    this.address = address;
    const freeSlot = (item: Item) => {
      this.#bytes -= sizeOf(item);
    };
    const afterCommit = () => this.#afterCommit();
    this.#letters = new DeadLetters(spec.deadLettersMax, freeSlot);
    this.#leases = new Leases((item) => {
      this.#fail(item, "lease expired", 0);
      afterCommit();
    });
    this.room = new WaitingLine(afterCommit);
    this.items = new WaitingLine(afterCommit);
    this.end = new WaitingLine(afterCommit);
  }

  /**
   * Runs one operation that may have to wait: now if it can be done now, else when its turn comes.
   * @param attempt - the commit; undefined if it must wait. It is told whether nobody stands in front of it.
   */
  run<T>(
    line: WaitingLine,
    owner: Participant,
    wait: Wait,
    attempt: (isFirst: boolean) => T | undefined,
    giveUp: (aborted: boolean) => T,
  ): MaybePromise<T> {
    const answer = attempt(line.size === 0);
    if (answer !== undefined) {
      this.#afterCommit();
      return answer;
    }
    if (wait.maxMs <= 0 || wait.signal.aborted) return giveUp(wait.signal.aborted);
    const later = line.join(owner, wait, () => attempt(true), giveUp);
    this.#leases.keepProcess(true);
    return later;
  }

  /** A fresh epoch for the id: from now on only this holder is heard, also against an offer that waits already. */
  register(holder: Participant, id: string | undefined): ProducerRecord {
    this.check();
    const { record, earlier } = this.#producers.register(holder, id);
    if (earlier !== undefined) {
      this.room.fail(heldByAnother, (owner) => owner === earlier);
      this.#afterCommit();
    }
    return record;
  }

  /** Appends what there is room for. `isFirst` is false while somebody else waits for room in front of the caller. */
  append(
    record: ProducerRecord,
    by: Participant,
    first: number,
    items: readonly Uint8Array[],
    isFirst: boolean,
    envelopes?: Envelopes,
  ): Offered {
    this.check();
    // A retry is answered from memory before anything else is looked at: it was accepted, whatever happened since.
    let accepted = acceptedBefore(record, by, first, items.length);
    for (const bytes of items.slice(accepted)) {
      const one = { bytes, envelope: envelopes?.[accepted] };
      if (this.#sealed !== "no") return { accepted, state: "sealed" };
      const fullBy = this.#fullBy(sizeOf(one));
      // Where there are slots, whoever stands in front waits for bytes: a small item must not overtake a large one for ever.
      if (fullBy !== undefined || !isFirst) return { accepted, state: "full", fullBy: fullBy ?? "bytes" };
      // A copy: the bytes are the caller's again when this returns.
      this.#admit(copyOf(one));
      this.#produced++;
      record.lastSequence++;
      accepted++;
    }
    return { accepted, state: "open" };
  }

  handOut(holder: Participant, max: number, lease: LeaseTerms | undefined): Polled {
    this.check();
    const deliveries: Delivery[] = [];
    while (deliveries.length < max) {
      const item = this.#ready.shift();
      if (item === undefined) break;
      item.deliveries++;
      const told = { sequence: item.sequence, deliveries: item.deliveries, failures: item.failures };
      if (lease === undefined) {
        this.#consume(item);
        deliveries.push({ ...told, item: item.bytes, envelope: item.envelope });
      } else {
        // It may be handed out again, so this consumer gets bytes of its own.
        const token = this.#leases.grant(item, holder, lease.leaseMs);
        const { bytes, envelope } = copyOf(item);
        deliveries.push({ ...told, item: bytes, envelope, token });
      }
    }
    if (deliveries.length > 0) return { deliveries, state: "open" };
    return { deliveries, state: this.isDrained ? "drained" : "empty" };
  }

  settle(handle: object, settlements: readonly Settlement[]): Settled[] {
    this.check();
    const settled = settlements.map((settlement) => (this.#settle(handle, settlement) ? "settled" : "lost"));
    this.#afterCommit();
    return settled;
  }

  /** Gives back the leases of a consumer, or of a whole handle. */
  releaseAll(whose: (holder: Participant) => boolean): void {
    for (const item of this.#leases.endAll(whose)) this.#giveBack(item);
    this.#afterCommit();
  }

  seal(discard: boolean): boolean {
    this.check();
    if (this.#sealed === "discarding" || (this.#sealed === "draining" && !discard)) return false;
    this.#sealed = discard ? "discarding" : "draining";
    if (discard) {
      for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift())
        this.#discard(item);
      for (const item of this.#letters.takeParked()) this.#discard(item);
    }
    this.#afterCommit();
    return true;
  }

  counts(): BufferCounts {
    this.check();
    return {
      ready: this.#ready.size,
      leased: this.#leases.size,
      parked: this.#letters.parked,
      dead: this.#letters.dead,
      discarded: this.#discarded,
      produced: this.#produced,
      consumed: this.#consumed,
      peak: this.#peak,
      sealed: this.#sealed !== "no",
      waitingProducers: this.room.size,
      waitingConsumers: this.items.size,
    };
  }

  /** Parked items do not hold back the end: nobody will ever be handed one. */
  get isDrained(): boolean {
    return this.#sealed !== "no" && this.#ready.size + this.#leases.size === 0;
  }

  deadLetters(max: number, after: number): DeadLetter[] {
    this.check();
    return this.#letters.list(max, after);
  }

  requeue(sequence: number): "requeued" | "full" | "sealed" | "missing" {
    this.check();
    const letter = this.#letters.find(sequence);
    if (letter === undefined) return "missing";
    if (this.#sealed !== "no") return "sealed";
    // The parked item that moves up into its room leaves a slot, and bytes, to it.
    const leaving = this.#letters.nextParked;
    const freed = leaving === undefined ? 0 : 1;
    const back = { bytes: letter.item, envelope: letter.envelope };
    const growth = sizeOf(back) - (leaving === undefined ? 0 : sizeOf(leaving));
    if (this.#fullBy(growth, freed) !== undefined) return "full";
    this.#letters.delete(letter);
    // At the tail, so with a new sequence; not produced again, for it was counted when it was.
    this.#admit(back);
    this.#afterCommit();
    return "requeued";
  }

  remove(sequence: number): "removed" | "missing" {
    this.check();
    const letter = this.#letters.find(sequence);
    if (letter === undefined) return "missing";
    this.#letters.delete(letter);
    this.#discarded++;
    this.#afterCommit();
    return "removed";
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#leases.stopTimers();
    for (const line of [this.room, this.items, this.end]) line.fail(destroyed);
  }

  check(): void {
    if (this.#isDestroyed) throw destroyed();
  }

  get #occupied(): number {
    return this.#ready.size + this.#leases.size + this.#letters.parked;
  }

  /** What there is no room in for one more item of so many bytes, once so many slots are free that are not yet. */
  #fullBy(byteLength: number, freed = 0): "items" | "bytes" | undefined {
    if (this.#occupied - freed >= this.spec.capacity) return "items";
    return this.#bytes + byteLength > this.spec.bufferBytesMax ? "bytes" : undefined;
  }

  #admit(one: Content): void {
    this.#ready.append({ ...one, sequence: ++this.#lastSequence, deliveries: 0, failures: 0 });
    this.#bytes += sizeOf(one);
    // In the commit that makes it so: whoever looks now and then misses the moment.
    this.#peak = Math.max(this.#peak, this.#occupied);
  }

  /** Whether the token was current. */
  #settle(handle: object, settlement: Settlement): boolean {
    const token = settlement.token as number;
    if (settlement.kind === "extend") return this.#leases.extend(handle, token, settlement.leaseMs);
    const item = this.#leases.end(handle, token);
    if (item === undefined) return false;
    if (settlement.kind === "ack") this.#consume(item);
    else if (settlement.kind === "release") this.#giveBack(item);
    else if (settlement.kind === "bury") this.#bury(item, settlement.reason);
    else this.#fail(item, settlement.reason, settlement.delayMs);
    return true;
  }

  #consume(item: Item): void {
    this.#consumed++;
    this.#bytes -= sizeOf(item);
  }

  #discard(item: Item): void {
    this.#discarded++;
    this.#bytes -= sizeOf(item);
  }

  #giveBack(item: Item): void {
    if (this.#sealed === "discarding") this.#discard(item);
    else this.#ready.putBack(item);
  }

  #fail(item: Item, reason: string, delayMs: number): void {
    item.failures++;
    if (item.failures >= this.spec.failuresMax) this.#bury(item, reason);
    else if (delayMs <= 0 || this.#sealed === "discarding") this.#giveBack(item);
    else {
      this.#leases.delay(delayMs, () => {
        this.#giveBack(item);
        this.#afterCommit();
      });
    }
  }

  #bury(item: Item, reason: string): void {
    this.#letters.bury(item, reason);
    if (this.#sealed === "discarding") for (const parked of this.#letters.takeParked()) this.#discard(parked);
  }

  /** Serves those whom a commit may have helped: an item taken is room for an offer, which is an item for a poll. */
  #afterCommit(): void {
    if (this.#isDestroyed) return;
    while (this.room.serve() || this.items.serve());
    this.end.serve();
    this.#leases.keepProcess(this.room.size + this.items.size + this.end.size > 0);
  }
}

function copyOf({ bytes, envelope }: Content): Content {
  return { bytes: new Uint8Array(bytes), envelope: envelope && new Uint8Array(envelope) };
}

function destroyed(): BufferError {
  return new BufferError("BUFFER_DESTROYED", "The buffer was destroyed", { transport: "memory" });
}
