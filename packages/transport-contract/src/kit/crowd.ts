/** Waiters of every kind on one buffer, and a model that says whom each change serves. */

import { type BoundedBuffer, isBufferError, type Lease } from "@sluice/core";
import type { RuleContext } from "./context.js";
import { equal, isTrue } from "./expect.js";
import { leaseOne, put, takeAll } from "./face.js";
import { handled } from "./quiet.js";

/** None expires. */
const LEASE_MS = 60_000;

type WaiterKind = "put" | "take" | "lease" | "drained()";

/** A buffer at which everybody of the line has to wait, and what happens to it then. */
export interface CrowdShape {
  readonly capacity: number;
  readonly ready: number;
  readonly leased: number;
  readonly line: readonly WaiterKind[];
  readonly changes: readonly ("put" | "take" | "release" | "ack")[];
}

/** What became of a waiting call. */
type Outcome = "accepted" | "sealed" | "got" | "end" | "drained";

interface Answer {
  readonly outcome: Outcome;
  readonly lease?: Lease<unknown>;
}

interface Waiter {
  readonly kind: WaiterKind;
  readonly answer: Promise<unknown>;
}

export class Crowd {
  readonly #t: RuleContext;
  readonly #handles: readonly BoundedBuffer<unknown>[];
  readonly #capacity: number;
  /** For messages. */
  readonly #place: string;
  readonly #calls: Promise<unknown>[] = [];
  /** Those whose calls have not settled. */
  readonly #waiters: Set<Waiter> = new Set();
  readonly #leases: Lease<unknown>[] = [];
  /** Below 0 as long as it is known who got an item, and not yet who put it: answers may overtake each other. */
  #ready: number;
  #isSealed = false;
  #lastValue = 0;

  private constructor(t: RuleContext, handles: readonly BoundedBuffer<unknown>[], shape: CrowdShape) {
    this.#t = t;
    this.#handles = handles;
    this.#capacity = shape.capacity;
    this.#place = `in the line ${shape.line.join(", ")}`;
    this.#ready = shape.ready;
  }

  /** @returns when all of the line wait, in its order, on two handles. */
  static async gather(t: RuleContext, shape: CrowdShape): Promise<Crowd> {
    const { buffer, another } = await t.stage({ capacity: shape.capacity });
    const crowd = new Crowd(t, [buffer, await another()], shape);
    const inside = shape.ready + shape.leased;
    await put(
      await buffer.producer(),
      Array.from({ length: inside }, () => ++crowd.#lastValue),
    );
    const holder = await buffer.consumer();
    for (let i = 0; i < shape.leased; i++) crowd.#leases.push(await leaseOne(holder, t));
    for (const kind of shape.line) await crowd.#join(kind);
    equal(crowd.#waiters.size, shape.line.length, `the number of those who wait ${crowd.#place}`);
    return crowd;
  }

  async put(): Promise<void> {
    const producer = await this.#handle().producer();
    this.#ready++;
    await put(producer, [++this.#lastValue]);
    await this.#serves("a put");
  }

  async take(): Promise<void> {
    this.#ready--;
    await takeAll(this.#handle(), 1, this.#t);
    await this.#serves("a take");
  }

  async release(): Promise<void> {
    this.#ready++;
    await this.#leases.shift()?.release();
    await this.#serves("a release");
  }

  async ack(): Promise<void> {
    await this.#leases.shift()?.ack();
    await this.#serves("an ack");
  }

  async ackAll(): Promise<void> {
    while (this.#leases.length > 0) await this.ack();
  }

  /** Those who wait to put are refused. */
  async seal(): Promise<void> {
    this.#isSealed = true;
    await this.#handle().seal();
    await this.#serves("the seal");
  }

  /** Of what nobody waits for any more. */
  async takeRest(): Promise<void> {
    while (this.#ready > 0) await this.take();
  }

  /** Nobody waits any more, and nothing is left. */
  async end(): Promise<void> {
    await this.#t.soon(Promise.all(this.#calls), `all calls ${this.#place}`);
    const { ready, leased, produced, consumed } = await this.#handle().counts();
    equal({ ready, leased, consumed }, { ready: 0, leased: 0, consumed: produced }, "the counts at the end");
  }

  /** Waits until everybody is served for whom there is something, as one serves the next, and no one else. */
  async #serves(change: string): Promise<void> {
    for (let missing = this.#missing(); missing !== undefined; missing = this.#missing()) {
      const next = Promise.race([...this.#waiters].map(({ answer }) => answer));
      await this.#t.soon(handled(next), `${missing} ${this.#place}, after ${change},`);
    }
  }

  /** Who has to be served, as far as is known; undefined if nobody. */
  #missing(): string | undefined {
    const room = this.#capacity - this.#ready - this.#leases.length;
    if (this.#ready > 0 && this.#waits("take", "lease"))
      return "a waiting take or lease, with an item there,";
    if (this.#ready < 0) return "the put of an item that somebody got";
    if (this.#isSealed && this.#waits("put")) return "a waiting put, with the buffer sealed,";
    if (room > 0 && this.#waits("put")) return "a waiting put, with room,";
    if (room < 0) return "the take of an item that left somebody room";
    const isOver = this.#isSealed && this.#ready === 0 && this.#leases.length === 0;
    const [left] = this.#waiters;
    return isOver && left !== undefined ? `a waiting ${left.kind}, with the end there,` : undefined;
  }

  #waits(...kinds: WaiterKind[]): boolean {
    return [...this.#waiters].some(({ kind }) => kinds.includes(kind));
  }

  #handle(): BoundedBuffer<unknown> {
    return this.#t.random.pick(this.#handles);
  }

  async #join(kind: WaiterKind): Promise<void> {
    let isWaiting = false;
    const call = await this.#call(kind, () => {
      isWaiting = true;
    });
    const called = call();
    const waiter: Waiter = { kind, answer: handled(called.then((got) => this.#served(waiter, got))) };
    this.#calls.push(waiter.answer);
    this.#waiters.add(waiter);
    // Nothing tells at the face that `drained` waits.
    if (kind === "drained()") await this.#t.pause();
    else await this.#t.until(() => isWaiting, `a ${kind} waits ${this.#place}`);
  }

  #served(waiter: Waiter, { outcome, lease }: Answer): void {
    this.#waiters.delete(waiter);
    if (outcome === "accepted") this.#ready++;
    if (outcome === "got") this.#ready--;
    if (lease !== undefined) this.#leases.push(lease);
    if (outcome === "accepted" || outcome === "got") return;
    const what = `a waiting ${waiter.kind} ${this.#place}`;
    isTrue(this.#isSealed, `Expected ${what} to go on waiting before the seal, it was told ${outcome}`);
    if (outcome === "sealed") return;
    // What is ready by what is known may be on its way to others who wait.
    const isHeld = this.#leases.length > 0 || (this.#ready > 0 && !this.#waits("take", "lease"));
    const inside = `${this.#ready} ready and ${this.#leases.length} leased`;
    isTrue(!isHeld, `Expected ${what} to go on waiting with ${inside}, it was told ${outcome}`);
  }

  /** On a registration of its own: for a call behind another on the same one core looks again by itself. */
  async #call(kind: WaiterKind, onWait: () => void): Promise<() => Promise<Answer>> {
    const handle = this.#handle();
    if (kind === "drained()") return () => handle.drained().then(() => ({ outcome: "drained" }));
    if (kind === "put") {
      const producer = await handle.producer({ onWait });
      return () => producer.put(++this.#lastValue).then(() => ({ outcome: "accepted" }), refused);
    }
    const consumer = await handle.consumer({ onWait });
    if (kind === "take") return () => consumer.take().then(({ done }) => ({ outcome: done ? "end" : "got" }));
    return async () => {
      const got = await consumer.lease({ leaseMs: LEASE_MS });
      return got.done ? { outcome: "end" } : { outcome: "got", lease: got.value };
    };
  }
}

function refused(error: unknown): Answer {
  if (isBufferError(error, "BUFFER_SEALED")) return { outcome: "sealed" };
  throw error;
}
