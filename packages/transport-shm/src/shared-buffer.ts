/**
 * The buffer as one handle works on it: takes the locks, brings what is due into order, and wakes those whom it helps. What is
 * done under the locks comes from the ports.
 */

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { BufferError, type BufferSpec, failpoint, type MaybePromise } from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import { ConsumersSide } from "./consumers-side.js";
import { OwnerLock } from "./owner-lock.js";
import type { Participants, Registration } from "./participants.js";
import { ProducersSide } from "./producers-side.js";
import type { Region } from "./region.js";
import { Word } from "./region-layout.js";
import { WAIT_SETS, type WaitSet } from "./wait-sets.js";
import { Waiters } from "./waiters.js";

/** A lock is held by somebody alive. */
export const BUSY: unique symbol = Symbol("busy");
export type Busy = typeof BUSY;

// Asking whether holders of leases are alive costs a system call or two for each.
const PROBE_EVERY_MS = 50;
// About as many items as pass in the time that it takes to wake somebody: longer he need not sleep.
const BURST_MAX = 32;
// A holder that is running is through within a turn or so of the event loop; then there is no hurry any more.
const TURNS_BEFORE_SLEEP = 16;

export interface SharedBufferOptions {
  readonly region: Region;
  readonly spec: BufferSpec;
  readonly participants: Participants;
  readonly registration: Registration;
  readonly lockWaitMs: number;
  readonly path: string;
}

export class SharedBuffer {
  readonly region: Region;
  readonly spec: BufferSpec;
  readonly me: number;
  readonly waiters: Waiters;
  readonly #words: Int32Array;
  readonly #producers: ProducersSide;
  readonly #consumers: ConsumersSide;
  readonly #producersLock: OwnerLock;
  readonly #consumersLock: OwnerLock;
  readonly #options: SharedBufferOptions;
  #lastProbe = Number.NEGATIVE_INFINITY;
  #wasBusy = false;
  #isLeft = false;
  #isPatient = false;
  #owedItems = 0;
  #owedRoom = 0;
  // Runs when all promises that are settled by now have been dealt with: within a burst of awaited calls it does not.
  readonly #onBurstOver = () => {
    if (!this.#isLeft) this.flush();
  };

  constructor(options: SharedBufferOptions) {
    const { region, spec, participants, registration } = options;
    this.#options = options;
    this.region = region;
    this.spec = spec;
    this.me = registration.me;
    this.#words = region.words;
    this.#producers = new ProducersSide(region, spec);
    this.#consumers = new ConsumersSide(region, spec);
    this.#consumersLock = new OwnerLock(region.words, Word.consumersLock, registration, () => {
      this.#consumers.repair();
      return true;
    });
    this.#producersLock = new OwnerLock(region.words, Word.producersLock, registration, () => {
      this.#producers.repair();
      // A requeue may have committed on the other side, and not be applied yet: whoever has had that lock finds it applied.
      if (!this.#consumersLock.tryTake()) return false;
      this.#consumersLock.give();
      return true;
    });
    this.waiters = new Waiters({
      region,
      participants,
      registration,
      tend: () => this.#tend(),
      hint: (set) => this.#hasSomethingFor(set),
      wasBusy: () => {
        const wasBusy = this.#wasBusy;
        this.#wasBusy = false;
        return wasBusy;
      },
    });
  }

  /** Runs a step under the producers' lock. */
  produce<T>(step: (producers: ProducersSide) => T): T | Busy {
    this.#check();
    if (!this.#producersLock.tryTake(this.#isPatient)) return this.#busy();
    const before = this.#words[Word.produced] as number;
    try {
      return step(this.#producers);
    } catch (error) {
      this.#producers.repair();
      throw error;
    } finally {
      const added = ((this.#words[Word.produced] as number) - before) | 0;
      failpoint("shm.before-unlock");
      this.#producersLock.give();
      if (added > 0) this.#owe(added, 0);
    }
  }

  /** Runs a step under the consumers' lock, after what time and a seal have brought about. */
  consume<T>(step: (consumers: ConsumersSide) => T): T | Busy {
    this.#check();
    if (!this.#consumersLock.tryTake(this.#isPatient)) return this.#busy();
    const consumers = this.#consumers;
    const removed = this.#words[Word.removed] as number;
    const requeued = this.#words[Word.requeued] as number;
    consumers.returned.addedCount = 0;
    try {
      consumers.discardAll();
      if (consumers.leased.count > 0) this.#expire();
      return step(consumers);
    } catch (error) {
      consumers.repair();
      throw error;
    } finally {
      const freed = ((this.#words[Word.removed] as number) - removed) | 0;
      const ready = consumers.returned.addedCount + (((this.#words[Word.requeued] as number) - requeued) | 0);
      const isDrained = consumers.isSealed && consumers.isDrained;
      failpoint("shm.before-unlock");
      this.#consumersLock.give();
      if (freed > 0 || ready > 0) this.#owe(Math.max(0, ready), Math.max(0, freed));
      if (isDrained) {
        this.waiters.sets.wakeAll("item");
        this.waiters.sets.wakeAll("end");
      }
    }
  }

  /**
   * Wakes those whom the steps since have helped. Comes by itself when the present burst of calls is over, or has been long
   * enough; to be called before this process stands still.
   */
  flush(): void {
    const [items, room] = [this.#owedItems, this.#owedRoom];
    this.#owedItems = 0;
    this.#owedRoom = 0;
    if (items > 0) this.waiters.sets.wake("item", items);
    if (room === 0) return;
    this.waiters.sets.wake("room", room);
    this.waiters.sets.wakeAll("bytes");
  }

  /** Runs a step under both locks, the producers' first: at one instant of the whole buffer. */
  both<T>(step: (producers: ProducersSide, consumers: ConsumersSide) => T): T | Busy {
    return this.produce((producers) => this.consume((consumers) => step(producers, consumers)));
  }

  /**
   * Asks until the lock is had, for as long as `lockWaitMs`.
   *
   * @throws BufferError `BUFFER_BUSY`, naming the process that holds it; effect none.
   */
  untilHad<T>(attempt: () => T | Busy, first: T | Busy = attempt()): MaybePromise<T> {
    return first === BUSY ? this.#untilHadLater(attempt) : first;
  }

  /** Looks which holders of leases have died, at most every 50 ms. Whether any lease was ended. */
  probe(): boolean {
    const now = performance.now();
    if (now - this.#lastProbe < PROBE_EVERY_MS) return false;
    this.#lastProbe = now;
    const { registration } = this.#options;
    const ended = this.consume((consumers) => {
      let isAny = false;
      for (const holder of consumers.leased.holders()) {
        if (!registration.isDead(holder)) continue;
        consumers.leased.endThoseOf(holder, { kind: "failed", reason: "holder died", until: 0 });
        isAny = true;
      }
      return isAny;
    });
    return ended === true;
  }

  /** Whether the items that are ready are for others, who were woken and have not looked yet. Without a lock: a guess. */
  get isForOthers(): boolean {
    const { woken } = this.waiters.sets;
    if (woken === 0) return false;
    const words = this.#words;
    const tail = Atomics.load(words, Word.produced) + (words[Word.requeued] as number);
    const ready = ((tail - (words[Word.head] as number)) | 0) + (words[Word.returned] as number);
    return ready > 0 && ready <= woken;
  }

  /** No more puts, for everyone: under the producers' lock, so that none commits after it. */
  seal(discard: boolean): boolean | Busy {
    const isMore = () => (Atomics.load(this.#words, Word.sealed) as number) < (discard ? 2 : 1);
    const set = (level: number) => {
      if (!isMore()) return false;
      Atomics.store(this.#words, Word.sealed, level);
      failpoint("shm.after-seal");
      return true;
    };
    const isDone = discard
      ? this.both((_, consumers) => {
          const isSet = set(2);
          consumers.discardAll();
          return isSet;
        })
      : this.produce(() => set(1));
    if (isDone === true) for (const each of WAIT_SETS) this.waiters.sets.wakeAll(each);
    return isDone;
  }

  /** The buffer is no more, for everyone. */
  destroy(): void {
    Atomics.store(this.#words, Word.destroyed, 1);
    for (const set of WAIT_SETS) this.waiters.sets.wakeAll(set);
  }

  get isDestroyed(): boolean {
    return Atomics.load(this.#words, Word.destroyed) !== 0;
  }

  /** Gives up the place. Nothing of the region is touched afterwards. */
  leave(): void {
    if (!this.isDestroyed) this.flush();
    this.#isLeft = true;
    const { participants, registration } = this.#options;
    this.waiters.close();
    participants.leave(registration);
  }

  #check(): void {
    if (this.isDestroyed) {
      const message = `The buffer at ${this.#options.path} was destroyed`;
      throw new BufferError("BUFFER_DESTROYED", message, { transport: "shm" });
    }
    if (this.#isLeft) throw new BufferError("HANDLE_CLOSED", "The handle is closed", { transport: "shm" });
  }

  // One wake serves a burst: whoever is woken by its first item finds the others as well.
  #owe(items: number, room: number): void {
    if (this.#owedItems + this.#owedRoom === 0) process.nextTick(this.#onBurstOver);
    this.#owedItems += items;
    this.#owedRoom += room;
    if (Math.max(this.#owedItems, this.#owedRoom) >= BURST_MAX) this.flush();
  }

  #busy(): Busy {
    this.#wasBusy = true;
    return BUSY;
  }

  #expire(): void {
    const now = monotonicMs();
    if (this.#consumers.slots.nextEnd <= now) this.#consumers.leased.expire(now);
  }

  #tend(): void {
    if (this.isDestroyed) return;
    // Whether it was busy does not matter: there is another tick.
    this.consume(() => {});
    if ((this.#words[Word.leased] as number) > 0) this.probe();
  }

  // Without a lock: may be wrong at this instant, and then costs somebody a look.
  #hasSomethingFor(set: WaitSet): boolean {
    const words = this.#words;
    const tail = (Atomics.load(words, Word.produced) + (words[Word.requeued] as number)) | 0;
    if (set === "item") return tail !== words[Word.head] || words[Word.returned] !== 0;
    if (set === "room") return ((tail - Atomics.load(words, Word.removed)) | 0) < this.spec.capacity;
    return false;
  }

  // Given up only if the buffer has stood still meanwhile: as long as others get on, it is a matter of luck and tries.
  async #untilHadLater<T>(attempt: () => T | Busy): Promise<T> {
    let began = performance.now();
    let progress = this.#progress;
    for (let tries = 0; ; tries++) {
      if (tries < TURNS_BEFORE_SLEEP) await turn();
      else await sleep(1);
      this.#isPatient = true;
      try {
        const answer = attempt();
        if (answer !== BUSY) return answer;
      } finally {
        this.#isPatient = false;
      }
      const ms = performance.now() - began;
      if (ms < this.#options.lockWaitMs || tries === 0) continue;
      const now = this.#progress;
      if (now === progress) throw this.#busyError(ms);
      progress = now;
      began = performance.now();
    }
  }

  // Changes with every put, hand-out and settlement.
  get #progress(): string {
    const words = this.#words;
    const told = [
      Word.produced,
      Word.head,
      Word.removed,
      Word.leased,
      Word.returned,
      Word.lastLease,
      Word.sealed,
    ];
    return told.map((word) => Atomics.load(words, word)).join();
  }

  #busyError(ms: number): BufferError {
    const owner = this.#producersLock.owner || this.#consumersLock.owner;
    const pid = owner === 0 ? "a process" : `process ${this.#options.participants.pidOf(owner)}`;
    const message = `The buffer is held by ${pid}, for ${Math.floor(ms)} ms so far: it is stopped, or very slow`;
    return new BufferError("BUFFER_BUSY", message, { transport: "shm" });
  }
}
