/**
 * The consumers' side: slots by what has become of their items. Each file of these knows how they are handed out or settled,
 * and where they go next. To be used under the consumers' lock.
 */

import type { BufferSpec } from "@sluice/core";
import { ConsumerCommit } from "./consumer-commit.js";
import { DeadSlots } from "./dead-slots.js";
import { FreshSlots } from "./fresh-slots.js";
import { LeasedSlots } from "./leased-slots.js";
import type { Region } from "./region.js";
import { ReturnedSlots } from "./returned-slots.js";
import { isDiscarding, isSealed } from "./seal.js";
import { SlotTable } from "./slot-table.js";

export class ConsumersSide {
  readonly slots: SlotTable;
  /** Ready, and never handed out. */
  readonly fresh: FreshSlots;
  /** Ready again. */
  readonly returned: ReturnedSlots;
  readonly leased: LeasedSlots;
  /** Dead letters, and parked items. */
  readonly dead: DeadSlots;
  readonly #words: Int32Array;
  readonly #commit: ConsumerCommit;

  constructor(region: Region, spec: BufferSpec) {
    const slots = new SlotTable(region, spec);
    const commit = new ConsumerCommit(region, slots);
    const returned = new ReturnedSlots(region, slots, commit);
    const dead = new DeadSlots(region, spec, slots, commit);
    this.slots = slots;
    this.fresh = new FreshSlots(region, spec, slots, commit);
    this.returned = returned;
    this.leased = new LeasedSlots(region, spec, slots, commit, { returned, dead });
    this.dead = dead;
    this.#words = region.words;
    this.#commit = commit;
  }

  /** Whatever the last owner of the lock was in the middle of: it happened if its commit did, and not otherwise. */
  repair(): void {
    this.#commit.repair();
    this.fresh.repair();
  }

  get isSealed(): boolean {
    return isSealed(this.#words);
  }

  /** Ready items. Puts go on meanwhile: then there are more. */
  get ready(): number {
    return this.returned.count + this.fresh.count;
  }

  /** No more puts, and nothing ready or leased. Sealed is read first: then no put can come between. */
  get isDrained(): boolean {
    return this.isSealed && this.ready === 0 && this.leased.count === 0;
  }

  /** The id of the next lease. */
  get nextLease(): number {
    return this.#commit.nextLease;
  }

  /** Removes what is ready or parked, if the buffer was sealed so. To be called before anything else is done. */
  discardAll(): void {
    if (!isDiscarding(this.#words)) return;
    const { fresh, returned, dead } = this;
    for (let { count } = fresh; count > 0; count = fresh.count) fresh.end(count, "discarded");
    for (let { first } = returned; first !== undefined; first = returned.first)
      returned.end(first, "discarded");
    dead.discardParked();
  }
}
