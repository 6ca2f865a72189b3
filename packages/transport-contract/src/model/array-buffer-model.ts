/** What a bounded buffer is, written as plainly as it can be: arrays, and nothing that waits. */

export interface ModelItem {
  readonly value: number;
  /** Place in the one sequence. */
  order: number;
  deliveries: number;
  failures: number;
  reason?: string;
}

export interface ModelSpec {
  readonly capacity: number;
  readonly failuresMax: number;
  readonly deadLettersMax: number;
}

export class ArrayBufferModel {
  readonly spec: ModelSpec;
  ready: ModelItem[] = [];
  leased: ModelItem[] = [];
  parked: ModelItem[] = [];
  dead: ModelItem[] = [];
  sealed = false;
  discarding = false;
  produced = 0;
  consumed = 0;
  discarded = 0;
  peak = 0;
  #order = 0;

  constructor(spec: ModelSpec) {
    this.spec = spec;
  }

  get isFull(): boolean {
    return this.ready.length + this.leased.length + this.parked.length >= this.spec.capacity;
  }

  get isDrained(): boolean {
    return this.sealed && this.ready.length + this.leased.length === 0;
  }

  put(value: number): "accepted" | "full" | "sealed" {
    if (this.sealed) return "sealed";
    if (this.isFull) return "full";
    this.#admit({ value, order: 0, deliveries: 0, failures: 0 });
    this.produced++;
    return "accepted";
  }

  take(): ModelItem | undefined {
    const item = this.ready.shift();
    if (item !== undefined) this.consumed++;
    return item;
  }

  lease(): ModelItem | undefined {
    const item = this.ready.shift();
    if (item === undefined) return undefined;
    item.deliveries++;
    this.leased.push(item);
    return item;
  }

  settle(item: ModelItem, kind: "ack" | "nack" | "release" | "bury", reason: string): void {
    this.leased = this.leased.filter((one) => one !== item);
    if (kind === "ack") this.consumed++;
    else if (kind === "release") this.#giveBack(item);
    else {
      if (kind === "nack") item.failures++;
      if (kind === "nack" && item.failures < this.spec.failuresMax) this.#giveBack(item);
      else {
        item.reason = reason;
        this.parked.push(item);
        this.#moveUp();
        if (this.discarding) this.#discardParked();
      }
    }
  }

  requeue(item: ModelItem): "requeued" | "full" {
    // A parked item moves up into the room that it leaves, and its own slot is free for it.
    if (this.isFull && this.parked.length === 0) return "full";
    this.dead = this.dead.filter((one) => one !== item);
    this.#moveUp();
    this.#admit({ value: item.value, order: 0, deliveries: 0, failures: 0 });
    return "requeued";
  }

  remove(item: ModelItem): void {
    this.dead = this.dead.filter((one) => one !== item);
    this.discarded++;
    this.#moveUp();
  }

  seal(discard: boolean): boolean {
    const changes = !this.sealed || (discard && !this.discarding);
    this.sealed = true;
    if (discard) {
      this.discarding = true;
      this.discarded += this.ready.splice(0).length;
      this.#discardParked();
    }
    return changes;
  }

  #admit(item: ModelItem): void {
    this.ready.push({ ...item, order: ++this.#order });
    this.peak = Math.max(this.peak, this.ready.length + this.leased.length + this.parked.length);
  }

  #giveBack(item: ModelItem): void {
    if (this.discarding) this.discarded++;
    else this.ready = [...this.ready, item].sort((a, b) => a.order - b.order);
  }

  #moveUp(): void {
    this.parked.sort((a, b) => a.order - b.order);
    while (this.parked.length > 0 && this.dead.length < this.spec.deadLettersMax) {
      this.dead = [...this.dead, this.parked.shift() as ModelItem].sort((a, b) => a.order - b.order);
    }
  }

  #discardParked(): void {
    this.discarded += this.parked.splice(0).length;
  }
}
