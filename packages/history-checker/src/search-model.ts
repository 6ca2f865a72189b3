/**
 * The buffer that the complete search tries histories on: capacity, items in the order of their puts, who holds which, sealed.
 *
 * What is leased may come back by itself. The model lets it do so as late as possible: only when somebody is handed the item
 * again, or is told that his lease is lost. An item that came back in silence can be told from a leased one by nothing else:
 * "empty" is wrong with it, and it stands in the way of what was put later. So no order is missed, and none is tried twice.
 *
 * Takes in two steps are leases too: of one that returned no time ends it, and its confirmation is its ack; of one that nobody saw
 * return the item comes back as above, or leaves by itself.
 */

import type { HistoryExpectation } from "./expectation.js";
import type { Step, Steps } from "./search-steps.js";

/** All that a step changes, as it was before. */
export interface Undo {
  readonly item: number;
  readonly inside: readonly number[];
  readonly bytes: number;
  readonly isSealed: boolean;
  readonly needed: number;
  readonly holder: number;
  readonly delivered: number;
  readonly seen: number;
  readonly drifted: number;
  readonly failuresMin: number;
  readonly failuresMax: number;
}

/** A step, or that what somebody holds leaves in silence. */
export interface Move {
  readonly step: Step;
  readonly way: "as told" | "and dies" | "leaves by itself";
  /** Of what nobody saw: the item it happens to. */
  readonly item?: number;
}

const NOBODY = -1;

export class SearchModel {
  /** In the order of their puts: ready ones and leased ones. */
  inside: readonly number[] = [];
  /** Of those. */
  private bytes = 0;
  isSealed = false;
  /** How much of what nobody saw must still take place. */
  needed: number;
  /** By item: the step of the lease that holds it. */
  readonly holder: Int32Array;
  /** By item: all hand-outs, and those that somebody saw. */
  private readonly delivered: Int32Array;
  private readonly seen: Int32Array;
  /** By item: 1 if a take that nobody saw return held it, and it has no place in the order any more. */
  private readonly drifted: Int32Array;
  /** By item: failures, as far as they can be told: that a holder ended well counts none, that it died counts one. */
  private readonly failedMin: Int32Array;
  private readonly failedMax: Int32Array;
  private readonly capacity: number;
  private readonly deadFrom: number;
  private readonly bytesMax: number;
  private readonly takesMayReturn: boolean;
  /** What a take that nobody saw return has, keeps its slot until it leaves. */
  private readonly takesHold: boolean;
  private readonly hasUnseen: boolean;

  private readonly given: Steps;

  constructor(
    given: Steps,
    { capacity, bytesMax = Infinity, failuresMax = Infinity, ...takes }: HistoryExpectation,
  ) {
    const count = given.values.length;
    this.given = given;
    this.needed = given.unseenMin;
    this.capacity = capacity;
    this.deadFrom = failuresMax;
    this.bytesMax = bytesMax;
    this.takesMayReturn = takes.takesMayReturn === true;
    this.takesHold = this.takesMayReturn || takes.takesInTwoSteps === true;
    this.holder = new Int32Array(count).fill(NOBODY);
    this.delivered = new Int32Array(count);
    this.seen = new Int32Array(count);
    this.drifted = new Int32Array(count);
    this.failedMin = new Int32Array(count);
    this.failedMax = new Int32Array(count);
    this.hasUnseen = given.steps.some((step) => !step.isCertain && step.kind !== "put");
  }

  /**
   * Does one step, if it can be done now.
   *
   * @param now - the latest that it can be: the earliest return of those that are still to come.
   * @returns how to undo it, or why it cannot be done.
   */
  apply({ step, way, item = step.item }: Move, now: number): Undo | string {
    if (way === "leaves by itself") return this.changed(item, () => this.remove(item));
    if (!step.isCertain) return this.applyUnseen(step, item);
    const { kind, outcome } = step;
    if (kind === "seal") return this.changed(-1, () => (this.isSealed = true));
    if (kind === "put") return this.put(step);
    if (kind === "take" || kind === "lease") {
      return outcome === "ok" ? this.handOut(step, now) : this.refuseHandOut(step);
    }
    return outcome === "ok" ? this.settle(step, way) : this.refuseSettlement(step, now);
  }

  /** Whether a step only tells what is so, and changes nothing. */
  isAnswer({ outcome, lease, item }: Step): boolean {
    if (outcome === "ok") return false;
    return outcome !== "lost" || lease === NOBODY || this.holder[item] !== lease;
  }

  /** What nobody saw, and can happen now. */
  unseenMoves(step: Step, now: number): Move[] {
    if (step.kind !== "take" && step.kind !== "lease") return [{ step, way: "as told" }];
    // It was handed the first that is ready, or one before it that had come back.
    const targets = this.inside.filter((item, position) => this.isNext(item, position, now));
    return targets.map((item) => ({ step, way: "as told", item }));
  }

  /** What may leave now in silence: by one failure too many, or with the take that nobody saw return. */
  departures(now: number, isRoomWanted: boolean): Move[] {
    if (this.deadFrom === Infinity && !this.takesHold) return [];
    return this.inside.flatMap((item): Move[] => {
      const step = this.given.steps[at(this.holder, item)];
      if (step === undefined) return [];
      const isLast = at(this.failedMax, item) + 1 >= this.deadFrom && step.mayEndAfter <= now;
      const isTaken = isRoomWanted && step.kind === "take" && !this.isSeenAgain(item);
      return isLast || isTaken ? [{ step, way: "leaves by itself", item }] : [];
    });
  }

  undo(undo: Undo): void {
    this.inside = undo.inside;
    this.bytes = undo.bytes;
    this.isSealed = undo.isSealed;
    this.needed = undo.needed;
    if (undo.item < 0) return;
    this.holder[undo.item] = undo.holder;
    this.delivered[undo.item] = undo.delivered;
    this.seen[undo.item] = undo.seen;
    this.drifted[undo.item] = undo.drifted;
    this.failedMin[undo.item] = undo.failuresMin;
    this.failedMax[undo.item] = undo.failuresMax;
  }

  /** All that the steps already done do not say by themselves, as a text: equal texts, equal states. */
  key(): string {
    let key = "";
    for (const item of this.inside) {
      // All takes that nobody saw return are alike.
      key += this.isHeldByTake(item) ? `${item},t` : `${item},${at(this.holder, item)}`;
      if (this.hasUnseen) key += `,${at(this.delivered, item)},${at(this.drifted, item)}`;
      if (this.deadFrom !== Infinity) key += `,${at(this.failedMin, item)},${at(this.failedMax, item)}`;
      key += ";";
    }
    return key;
  }

  describe(): string {
    const shown = this.inside.map((item) => {
      const holder = this.given.steps[at(this.holder, item)];
      return `${this.given.values[item]} (${holder ? `leased by ${holder.operation.process}` : "ready"})`;
    });
    const seal = this.isSealed ? ", sealed" : "";
    const bytes = this.bytesMax === Infinity ? "" : `, ${this.bytes} of ${this.bytesMax} bytes`;
    return `${shown.length} of ${this.capacity} inside${bytes}${seal}${shown.length > 0 ? `: ${shown.join(", ")}` : ""}`;
  }

  /** Somebody might have to wait until an item has left. */
  get isTight(): boolean {
    return this.inside.length >= this.capacity || this.bytesMax !== Infinity;
  }

  private put({ item, outcome, operation: { bytes = 0 } }: Step): Undo | string {
    if (outcome === "sealed") return this.isSealed ? this.changed(-1) : "the buffer is not sealed";
    if (this.isSealed) return "the buffer is sealed";
    const isFull = this.inside.length >= this.capacity || this.bytes + bytes > this.bytesMax;
    if (outcome === "full") return isFull ? this.changed(-1) : "the buffer is not full";
    if (isFull) return "the buffer is full";
    return this.changed(item, () => {
      this.inside = [...this.inside, item];
      this.bytes += bytes;
    });
  }

  private handOut(step: Step, now: number): Undo | string {
    const { item, operation } = step;
    const position = this.inside.indexOf(item);
    if (position < 0) return "the item is not inside";
    const holder = at(this.holder, item);
    if (holder !== NOBODY && !this.mayEnd(holder, now)) return "the item is leased, and cannot be back yet";
    if (!this.isNext(item, position, now)) return "an item that was put earlier is ready";
    const { deliveries } = operation;
    const nth = at(this.delivered, item) + 1;
    if (deliveries !== undefined && deliveries !== nth) return `the next hand-out of the item is its ${nth}.`;
    const undo = this.changed(item);
    if (at(this.holder, item) !== NOBODY && !this.survive(item, 0, 1)) {
      this.undo(undo);
      return "the item has failed too often, and is a dead letter";
    }
    add(this.seen, item);
    if (this.isHeldByTake(item)) this.needed += at(this.given.isMissing, item);
    this.handTo(step, item);
    return undo;
  }

  private refuseHandOut({ outcome }: Step): Undo | string {
    if (outcome === "end") {
      if (!this.isSealed) return "the buffer is not sealed";
      return this.inside.length === 0 ? this.changed(-1) : "items are inside";
    }
    if (this.inside.some((one) => at(this.holder, one) === NOBODY)) return "items are ready";
    if (this.isSealed && this.inside.length === 0) return "sealed and with nothing inside, this is the end";
    return this.changed(-1);
  }

  private settle({ kind, item, lease }: Step, way: Move["way"]): Undo | string {
    if (lease === NOBODY || at(this.holder, item) !== lease) return "the lease is over";
    const undo = this.changed(item);
    if (kind === "ack") this.remove(item);
    else if (kind === "nack" && way === "and dies") {
      if (at(this.failedMax, item) + 1 < this.deadFrom) {
        this.undo(undo);
        return "the item has not failed often enough";
      }
      this.remove(item);
    } else {
      const failure = kind === "nack" ? 1 : 0;
      if (!this.survive(item, failure, failure)) {
        this.undo(undo);
        return "the item has failed too often, and is a dead letter";
      }
      this.holder[item] = NOBODY;
    }
    return undo;
  }

  private refuseSettlement(step: Step, now: number): Undo | string {
    const { item, lease } = step;
    if (this.isAnswer(step)) return this.changed(-1);
    if (!this.mayEnd(lease, now)) return "the lease cannot be over yet";
    const undo = this.changed(item);
    if (!this.survive(item, 0, 1)) {
      this.undo(undo);
      return "the item has failed too often, and is a dead letter";
    }
    this.holder[item] = NOBODY;
    return undo;
  }

  /** It does what it can have done to an item whose later hand-outs agree with it. */
  private applyUnseen(step: Step, item: number): Undo | string {
    const { kind, lease } = step;
    if (kind === "seal") return this.sealUnseen();
    if (kind === "put") return this.putUnseen(step);
    if (kind === "ack") {
      if (lease === NOBODY || at(this.holder, item) !== lease) return "the lease is over";
      return this.isSeenAgain(item) ? "seen again" : this.changed(item, () => this.remove(item));
    }
    const nth = at(this.delivered, item) + 1;
    if (kind === "lease" && this.given.numbers[item]?.has(nth) === true) return "seen";
    if (kind === "take" && !this.takesHold && this.isSeenAgain(item)) return "seen again";
    const undo = this.changed(item);
    if (at(this.holder, item) !== NOBODY && !this.survive(item, 0, 1)) {
      this.undo(undo);
      return "dead";
    }
    if (nth < at(this.given.mostDelivered, item)) this.needed--;
    if (this.isHeldByTake(item)) this.needed += at(this.given.isMissing, item);
    if (kind === "take" && this.takesHold) {
      // It keeps its slot: who may have it is not known to have it.
      add(this.delivered, item);
      this.holder[item] = step.index;
      // It may well be what removes the item.
      this.needed -= at(this.given.isMissing, item);
      if (this.takesMayReturn) this.drifted[item] = 1;
    } else this.handTo(step, item);
    return undo;
  }

  private sealUnseen(): Undo | string {
    if (this.isSealed) return "again";
    return this.changed(-1, () => {
      this.isSealed = true;
      if (this.given.isSealMissing) this.needed--;
    });
  }

  /** Nobody ever sees the item, so something that nobody saw has to remove it. */
  private putUnseen(step: Step): Undo | string {
    const undo = this.put(step);
    if (typeof undo !== "string") this.needed += at(this.given.isMissing, step.item);
    return undo;
  }

  private handTo({ kind, index }: Step, item: number): void {
    add(this.delivered, item);
    if (kind === "take") this.remove(item);
    else this.holder[item] = index;
  }

  private remove(item: number): void {
    if (!this.isHeldByTake(item)) this.needed -= at(this.given.isMissing, item);
    this.inside = without(this.inside, item);
    this.bytes -= this.given.bytes[item] as number;
    this.holder[item] = NOBODY;
  }

  /** Counts failures of an item that went on: false if it cannot have. */
  private survive(item: number, least: number, most: number): boolean {
    if (this.deadFrom === Infinity) return true;
    const min = at(this.failedMin, item) + least;
    if (min >= this.deadFrom) return false;
    this.failedMin[item] = min;
    this.failedMax[item] = Math.min(at(this.failedMax, item) + most, this.deadFrom - 1);
    return true;
  }

  /** By one that nobody saw return. */
  private isHeldByTake(item: number): boolean {
    return this.given.steps[at(this.holder, item)]?.kind === "take";
  }

  private isSeenAgain(item: number): boolean {
    return at(this.seen, item) < at(this.given.handOuts, item);
  }

  private mayEnd(lease: number, now: number): boolean {
    return (this.given.steps[lease]?.mayEndAfter ?? Infinity) <= now;
  }

  /** Ready, or back by now, and nothing in front of it is ready. */
  private isNext(item: number, position: number, now: number): boolean {
    const holder = at(this.holder, item);
    if (holder !== NOBODY && !this.mayEnd(holder, now)) return false;
    if (at(this.drifted, item) === 1) return true;
    for (let i = 0; i < position; i++) {
      const before = this.inside[i] as number;
      if (at(this.holder, before) === NOBODY && at(this.drifted, before) === 0) return false;
    }
    return true;
  }

  private changed(item: number, change?: () => void): Undo {
    const isItem = item >= 0;
    const undo: Undo = {
      item,
      inside: this.inside,
      bytes: this.bytes,
      isSealed: this.isSealed,
      needed: this.needed,
      holder: isItem ? at(this.holder, item) : 0,
      delivered: isItem ? at(this.delivered, item) : 0,
      seen: isItem ? at(this.seen, item) : 0,
      drifted: isItem ? at(this.drifted, item) : 0,
      failuresMin: isItem ? at(this.failedMin, item) : 0,
      failuresMax: isItem ? at(this.failedMax, item) : 0,
    };
    change?.();
    return undo;
  }
}

function without(list: readonly number[], item: number): number[] {
  return list.filter((one) => one !== item);
}

function add(counts: Int32Array, index: number): void {
  counts[index] = at(counts, index) + 1;
}

/** An index that is within by construction. */
function at(counts: Int32Array | Uint8Array, index: number): number {
  return counts[index] as number;
}
