/**
 * The buffer as one handle works on it: takes the locks, brings what is due into order, and wakes those whom it helps. What is
 * done under the locks comes from the ports.
 */

import { type BufferSpec, failpoint, type MaybePromise } from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import { ConsumersSide } from "./consumers-side.js";
import { fault } from "./faults.js";
import { OwedWakes } from "./owed-wakes.js";
import { CONSUMERS_LOCK, OwnerLock, PRODUCERS_LOCK } from "./owner-lock.js";
import type { Participants, Registration } from "./participants.js";
import { BUSY, type Busy, Patience } from "./patience.js";
import { ProducersSide } from "./producers-side.js";
import type { Region } from "./region.js";
import { Word } from "./region-layout.js";
import { isSealed } from "./seal.js";
import { WAIT_SETS, type WaitSet } from "./wait-sets.js";
import { Waiters } from "./waiters.js";

// Asking whether holders of leases are alive costs a system call or two for each.
const PROBE_EVERY_MS = 50;

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
  readonly #patience: Patience;
  readonly #owed: OwedWakes;
  #lastProbe = Number.NEGATIVE_INFINITY;
  #wasBusy = false;
  // The lock that was not had last, and whether taking over the producers' failed for want of the consumers'.
  #missed: OwnerLock;
  #isBehindConsumers = false;
  #isLeft = false;

  constructor(options: SharedBufferOptions) {
    const { region, spec, participants, registration, lockWaitMs } = options;
    this.#options = options;
    this.region = region;
    this.spec = spec;
    this.me = registration.me;
    this.#words = region.words;
    this.#producers = new ProducersSide(region, spec);
    this.#consumers = new ConsumersSide(region, spec);
    this.#consumersLock = new OwnerLock(region.words, CONSUMERS_LOCK, registration, () => {
      this.#consumers.repair();
      return true;
    });
    this.#producersLock = new OwnerLock(region.words, PRODUCERS_LOCK, registration, () => {
      this.#producers.repair();
      // A requeue may have committed on the other side, and not be applied yet: whoever has had that lock finds it applied.
      const isHad = this.#consumersLock.tryTake();
      if (isHad) this.#consumersLock.give();
      else this.#isBehindConsumers = true;
      return isHad;
    });
    this.waiters = new Waiters({
      region,
      participants,
      registration,
      tend: () => this.#tend(),
      lockWaitMs,
      busyError: (ms) => this.#patience.busyError(ms),
      hint: (set) => this.#hasSomethingFor(set),
      wasBusy: () => {
        const wasBusy = this.#wasBusy;
        this.#wasBusy = false;
        return wasBusy;
      },
    });
    this.#owed = new OwedWakes(this.waiters.sets);
    this.#missed = this.#consumersLock;
    this.#patience = new Patience({ participants, lockWaitMs, missed: () => this.#missed });
  }

  /** Runs a step under the producers' lock. */
  produce<T>(step: (producers: ProducersSide) => T): T | Busy {
    this.check();
    this.#isBehindConsumers = false;
    if (!this.#producersLock.tryTake(this.#patience.isPatient))
      return this.#busy(this.#isBehindConsumers ? this.#consumersLock : this.#producersLock);
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
      if (added > 0) this.#owed.owe(added, 0);
    }
  }

  /** Runs a step under the consumers' lock, after what time and a seal have brought about. */
  consume<T>(step: (consumers: ConsumersSide) => T): T | Busy {
    this.check();
    if (!this.#consumersLock.tryTake(this.#patience.isPatient)) return this.#busy(this.#consumersLock);
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
      let isDrained = false;
      try {
        // Under the lock: a seal that came before it was given back would find nobody to tell the end.
        isDrained = consumers.isSealed && consumers.isDrained;
      } finally {
        failpoint("shm.before-unlock");
        this.#consumersLock.give();
      }
      if (freed > 0 || ready > 0) this.#owed.owe(Math.max(0, ready), Math.max(0, freed));
      if (isDrained) {
        this.waiters.sets.wakeAll("item");
        this.waiters.sets.wakeAll("end");
      }
    }
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
    return this.#patience.untilHad(attempt, first);
  }

  /**
   * Looks, at most every 50 ms, for what nobody announces: leases whose holder is dead or whose time is over, and a commit that
   * the dead have not applied. Whether there is more room, or a ready item, than before.
   */
  probe(): boolean {
    const now = performance.now();
    if (now - this.#lastProbe < PROBE_EVERY_MS) return false;
    this.#lastProbe = now;
    const { registration } = this.#options;
    const [removed, returned] = [this.#words[Word.removed], this.#words[Word.returned]];
    this.consume(({ leased }) => {
      for (const holder of leased.holders()) {
        if (!registration.isDead(holder)) continue;
        leased.endThoseOf(holder, { kind: "failed", reason: "holder died", until: 0 });
      }
    });
    return this.#words[Word.removed] !== removed || this.#words[Word.returned] !== returned;
  }

  /** Whether there may be room that nobody has told of: `probe` finds out. */
  get mayHideRoom(): boolean {
    return (this.#words[Word.leased] as number) > 0 || this.#consumersLock.owner !== 0;
  }

  /** Whether an attempt to put is likely to be in vain. Without a lock: a guess, and attempts that are in vain disturb others. */
  get seemsFull(): boolean {
    return !isSealed(this.#words) && !this.#hasSomethingFor("room");
  }

  /** Whether an attempt to take is likely to be in vain, as `seemsFull`. */
  get seemsEmpty(): boolean {
    return !isSealed(this.#words) && !this.#hasSomethingFor("item");
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

  /** Gives the place up. Nothing of the region is touched afterwards. */
  leave(): void {
    if (!this.isDestroyed) this.#owed.flush();
    this.#isLeft = true;
    this.#owed.close();
    this.waiters.close();
  }

  /** Throws where the buffer was destroyed or this handle is closed. */
  check(): void {
    if (this.isDestroyed) {
      const message = `The buffer at ${this.#options.path} was destroyed`;
      throw fault("BUFFER_DESTROYED", message);
    }
    if (this.#isLeft) throw fault("HANDLE_CLOSED", "The handle is closed");
  }

  #busy(missed: OwnerLock): Busy {
    this.#missed = missed;
    this.#wasBusy = true;
    return BUSY;
  }

  #expire(): void {
    const now = monotonicMs();
    if (this.#consumers.slots.nextEnd <= now) this.#consumers.leased.expire(now);
  }

  #tend(): void {
    try {
      // Whether it was busy does not matter: there is another tick.
      this.consume(() => {});
      if ((this.#words[Word.leased] as number) > 0) this.probe();
    } catch {
      // Destroyed or damaged: those who wait meet the same, and it is an answer to them.
    }
  }

  // Without a lock: may be wrong at this instant, and then costs somebody a look.
  #hasSomethingFor(set: WaitSet): boolean {
    const words = this.#words;
    // The head before the tail, and what was removed after it: the other way round an item, or room, could be hidden.
    const head = Atomics.load(words, Word.head);
    const tail = (Atomics.load(words, Word.produced) + (words[Word.requeued] as number)) | 0;
    if (set === "item") return tail !== head || words[Word.returned] !== 0;
    if (set === "room") return ((tail - Atomics.load(words, Word.removed)) | 0) < this.spec.capacity;
    return false;
  }
}
