/** Slots of items that are leased, or nacked with a delay, and what becomes of them. */

import type { BufferSpec } from "@sluice/core";
import type { ConsumerCommit } from "./consumer-commit.js";
import { read64 } from "./counter.js";
import type { DeadSlots } from "./dead-slots.js";
import type { Region } from "./region.js";
import { Slot, State, slotWord, Word } from "./region-layout.js";
import type { ReturnedSlots } from "./returned-slots.js";
import { isDiscarding } from "./seal.js";
import type { SlotTable } from "./slot-table.js";

/** Where an item goes that was handed out. */
export type Fate =
  | { readonly kind: "consumed" }
  | { readonly kind: "back" }
  | { readonly kind: "failed"; readonly reason: string; readonly until: number }
  | { readonly kind: "buried"; readonly reason: string };

/** Where they go from here. */
export interface Destinations {
  readonly returned: ReturnedSlots;
  readonly dead: DeadSlots;
}

export class LeasedSlots {
  readonly #region: Region;
  readonly #failuresMax: number;
  readonly #slots: SlotTable;
  readonly #commit: ConsumerCommit;
  readonly #destinations: Destinations;

  constructor(
    region: Region,
    spec: BufferSpec,
    slots: SlotTable,
    commit: ConsumerCommit,
    destinations: Destinations,
  ) {
    this.#region = region;
    this.#failuresMax = spec.failuresMax;
    this.#slots = slots;
    this.#commit = commit;
    this.#destinations = destinations;
  }

  get count(): number {
    return this.#region.words[Word.leased] as number;
  }

  /** Whether this handle holds this very lease on the slot. */
  holds(slot: number, lease: number, holder: number): boolean {
    const { geometry, words } = this.#region;
    const at = slotWord(geometry, slot);
    return (
      words[at + Slot.state] === State.leased &&
      words[at + Slot.holder] === holder &&
      read64(words, at + Slot.lease, at + Slot.leaseHigh) === lease
    );
  }

  extend(slot: number, until: number): void {
    const { geometry, floats } = this.#region;
    this.#slots.endsNotLaterThan(until);
    // One store: either time is one that the holder was promised.
    floats[(slotWord(geometry, slot) + Slot.until) / 2] = until;
  }

  /** Ends the lease, or the delay, of a slot. */
  settle(slot: number, fate: Fate): void {
    const { geometry, words } = this.#region;
    const commit = this.#commit;
    const at = slotWord(geometry, slot);
    const isFailure = fate.kind === "failed";
    const failures = (words[at + Slot.failures] as number) + (isFailure ? 1 : 0);
    commit.begin();
    if (isFailure) commit.set(at + Slot.failures, failures);
    if (fate.kind === "consumed") {
      commit.add(Word.leased, -1);
      commit.end(slot, "consumed");
    } else if (fate.kind === "buried" || (isFailure && failures >= this.#failuresMax)) {
      commit.add(Word.leased, -1);
      this.#destinations.dead.bury(slot, fate.reason);
    } else if (isFailure && fate.until > 0 && !isDiscarding(words)) {
      this.#delay(slot, fate.until);
    } else {
      commit.add(Word.leased, -1);
      if (isDiscarding(words)) commit.end(slot, "discarded");
      else this.#destinations.returned.link(slot);
    }
    commit.complete();
  }

  /** Ends the leases and delays whose time is over. */
  expire(now: number): void {
    const { geometry, words, floats } = this.#region;
    let next = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < geometry.slots; slot++) {
      const at = slotWord(geometry, slot);
      const state = words[at + Slot.state];
      if (state !== State.leased && state !== State.delayed) continue;
      const until = floats[(at + Slot.until) / 2] as number;
      if (until > now) next = Math.min(next, until);
      else if (state === State.delayed) this.settle(slot, { kind: "back" });
      else this.settle(slot, { kind: "failed", reason: "lease expired", until: 0 });
    }
    this.#slots.nextEnd = next;
  }

  /** Who holds leases. */
  holders(): Set<number> {
    const slots = this.count === 0 ? [] : this.#slots.inState(State.leased);
    return new Set(slots.map((slot) => this.#slots.holderOf(slot)));
  }

  /** Ends all leases of one holder. */
  endThoseOf(holder: number, fate: Fate): void {
    if (this.count === 0) return;
    for (const slot of this.#slots.inState(State.leased)) {
      if (this.#slots.holderOf(slot) === holder) this.settle(slot, fate);
    }
  }

  #delay(slot: number, until: number): void {
    const { geometry, floats } = this.#region;
    const at = slotWord(geometry, slot);
    this.#slots.endsNotLaterThan(until);
    // The lease's own time until the commit; later than that it may be, for nobody holds it then.
    floats[(at + Slot.until) / 2] = until;
    this.#commit.set(at + Slot.holder, 0);
    this.#commit.set(at + Slot.state, State.delayed);
  }
}
