/**
 * A lock that names its owner by a word which is never used again, so that it can be taken over from the dead: a word
 * that names the dead names them for ever, and one `compareExchange` against it has one winner. Never taken from the living,
 * however long they stand still. Source of the idea: robust futexes, futex(2).
 */

import { fault } from "./faults.js";
import { Word } from "./region-layout.js";

export interface Owners {
  /** This participant's own word: its place in the low 8 bits, its incarnation above; never 0. */
  readonly me: number;
  /** Certainly dead. Costs a system call or two. */
  isDead(word: number): boolean;
}

export interface LockWords {
  readonly owner: number;
  readonly takenOver: number;
  /** Words that change as those who hold it get on. */
  readonly progress: readonly number[];
}

export const PRODUCERS_LOCK: LockWords = {
  owner: Word.producersLock,
  takenOver: Word.producersTakenOver,
  progress: [Word.produced, Word.lastEpoch, Word.sealed],
};
export const CONSUMERS_LOCK: LockWords = {
  owner: Word.consumersLock,
  takenOver: Word.consumersTakenOver,
  progress: [Word.head, Word.removed, Word.leased, Word.returned, Word.lastLease, Word.requeued],
};

// A section takes a microsecond or so. Longer than this, and its owner is not running at the moment, or others are quicker.
const LOOKS = 400;
const PATIENT_LOOKS = 20_000;

export class OwnerLock {
  readonly #words: Int32Array;
  readonly #word: number;
  readonly #takenOver: number;
  readonly #progress: readonly number[];
  readonly #owners: Owners;
  readonly #repair: () => boolean;
  // Whom this participant saw holding it last, and how often that was somebody else than before.
  #seen = 0;
  #changes = 0;

  /**
   * @param lock - the words of its owner, of how often it was taken over from the dead, and of what is done under it.
   * @param repair - brings what the lock protects into order, whatever its last owner was in the middle of. False if that
   * cannot be done now; the lock then stays with the dead.
   */
  constructor(words: Int32Array, lock: LockWords, owners: Owners, repair: () => boolean) {
    this.#words = words;
    this.#word = lock.owner;
    this.#takenOver = lock.takenOver;
    this.#progress = lock.progress;
    this.#owners = owners;
    this.#repair = repair;
  }

  /**
   * Whether it is held by this participant now; false if it is held by somebody alive.
   *
   * @param isPatient - looks for some 200 us at most, rather than 4.
   */
  tryTake(isPatient = false): boolean {
    if (Atomics.compareExchange(this.#words, this.#word, 0, this.#owners.me) === 0) return true;
    return this.#tryLonger(isPatient ? PATIENT_LOOKS : LOOKS);
  }

  /** Who holds it; 0 for nobody. */
  get owner(): number {
    return Atomics.load(this.#words, this.#word);
  }

  /** Equal at two instants if, as far as was seen, the same one held the lock all the time and did nothing under it. */
  get progress(): string {
    const words = this.#progress.map((word) => Atomics.load(this.#words, word));
    return [this.#changes, ...words].join();
  }

  give(): void {
    if (Atomics.compareExchange(this.#words, this.#word, this.#owners.me, 0) === this.#owners.me) return;
    throw fault("DATA_CORRUPT", "A lock of the region was overwritten");
  }

  #tryLonger(looks: number): boolean {
    for (let i = 0; i < looks; i++) {
      const { owner } = this;
      if (owner !== this.#seen) {
        this.#seen = owner;
        this.#changes += 1;
      }
      if (owner !== 0) continue;
      if (Atomics.compareExchange(this.#words, this.#word, 0, this.#owners.me) === 0) return true;
    }
    const owner = this.owner;
    return owner !== 0 && this.#owners.isDead(owner) && this.#takeOver(owner);
  }

  #takeOver(dead: number): boolean {
    const { me } = this.#owners;
    if (Atomics.compareExchange(this.#words, this.#word, dead, me) !== dead) return false;
    let isRepaired = false;
    try {
      isRepaired = this.#repair();
      if (isRepaired) this.#words[this.#takenOver] = (this.#words[this.#takenOver] as number) + 1;
    } finally {
      if (!isRepaired) Atomics.compareExchange(this.#words, this.#word, me, dead);
    }
    return isRepaired;
  }
}
