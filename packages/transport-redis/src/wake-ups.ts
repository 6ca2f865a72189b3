/**
 * How the calls of one handle wait: one connection of its own blocks on the lists of tokens, for all of them. Whoever is woken looks
 * for himself. A token that comes for a call which is gone goes to the next, in any process.
 */

import type { Wait } from "@sluice/core";
import type { Keys } from "./keys.js";
import type { Link } from "./link.js";
import { scripts } from "./scripts.js";
import { BLOCK_MS, TIMER_MS_MAX } from "./timing.js";

export type Kind = "room" | "item" | "end";

/** Why a call looks again, or does not. `hops`: what the token that woke it said. */
export type Woken =
  | { readonly why: "look"; readonly hops: number }
  | { readonly why: "over" }
  | { readonly why: "closed" };

/** A call that waits, or will. */
export interface Caller {
  /** Its name in the line. */
  readonly id: string;
  readonly kind: Kind;
  /** Whose it is: it stops waiting when that is closed. */
  readonly owner: object;
}

interface Waiter extends Caller {
  readonly at: number;
  readonly end: (woken: Woken) => void;
}

export class WakeUps {
  readonly #link: Link;
  readonly #blocking: Link;
  readonly #keys: Keys;
  readonly #kick: string;
  readonly #waiters: Set<Waiter> = new Set();
  #blockedOn: ReadonlySet<Kind> = new Set();
  #blockedUntil = 0;
  #isRunning = false;
  #isEnded = false;
  #isClosed = false;

  /** @param blocking - a connection that nobody else uses. */
  constructor(link: Link, blocking: Link, keys: Keys, handle: string) {
    this.#link = link;
    this.#blocking = blocking;
    this.#keys = keys;
    this.#kick = keys.kick(handle);
  }

  /** @param planMs - it is to look again by then, woken or not. @param until - when its time is over. */
  async wait(caller: Caller, planMs: number, until: number, { signal }: Wait): Promise<Woken> {
    const woken = await new Promise<Woken>((resolve) => {
      const waiter: Waiter = {
        ...caller,
        at: performance.now() + planMs,
        end: (result) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener("abort", over);
          resolve(result);
        },
      };
      const over = () => waiter.end({ why: "over" });
      const leftMs = until - performance.now();
      const timer = leftMs <= TIMER_MS_MAX ? setTimeout(over, Math.max(leftMs, 0)) : undefined;
      signal.addEventListener("abort", over);
      this.#waiters.add(waiter);
      if (this.#isEnded) waiter.end({ why: "closed" });
      else if (signal.aborted) over();
      else if (!this.#isRunning) void this.#run();
      else if (!this.#blockedOn.has(caller.kind) || waiter.at < this.#blockedUntil) this.#interrupt();
    });
    if (woken.why !== "look") {
      // In this order, so that what the blocked call was given goes on to others.
      if (![...this.#waiters].some(({ kind }) => kind === caller.kind)) this.#interrupt();
      await this.#pass(caller);
    }
    return woken;
  }

  /** Ends the waiting of those of one owner; or of all, and of whoever begins to wait later. */
  end(owner?: object): void {
    this.#isEnded ||= owner === undefined;
    for (const waiter of [...this.#waiters])
      if (owner === undefined || waiter.owner === owner) waiter.end({ why: "closed" });
  }

  /** After `end`, and what that brings about. */
  close(): void {
    this.#isClosed = true;
    this.end();
    this.#blocking.close();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiters.size > 0 && !this.#isClosed) {
      const kinds = new Set([...this.#waiters].map(({ kind }) => kind));
      const now = performance.now();
      const next = Math.min(...[...this.#waiters].map(({ at }) => at));
      const timeoutMs = Math.min(Math.max(Math.ceil(next - now), 1), BLOCK_MS);
      this.#blockedOn = kinds;
      this.#blockedUntil = now + timeoutMs;
      try {
        const lists = [this.#kick, ...[...kinds].map((kind) => this.#keys.tokens[kind])];
        const got = await this.#blocking.block(lists, timeoutMs);
        if (got !== undefined && got[0] !== this.#kick) this.#hand(...got);
      } catch {
        // The server is away, or another one has taken over: each asks for himself, and is told.
        for (const waiter of [...this.#waiters]) waiter.end({ why: "look", hops: 0 });
        break;
      }
      const late = performance.now() + 1;
      for (const waiter of [...this.#waiters]) if (waiter.at <= late) waiter.end({ why: "look", hops: 0 });
    }
    this.#isRunning = false;
    this.#blockedOn = new Set();
  }

  #hand(list: string, token: string): void {
    const { tokens } = this.#keys;
    const kind: Kind = list === tokens.room ? "room" : list === tokens.item ? "item" : "end";
    for (const waiter of this.#waiters) {
      if (waiter.kind !== kind) continue;
      waiter.end({ why: "look", hops: Number(token) });
      return;
    }
    void this.#pass({ id: "", kind });
  }

  /** A blocked call that ends without a token blocks again, on what is wanted by then. */
  #interrupt(): void {
    if (!this.#isRunning) return;
    this.#link.run(scripts.kick, [this.#kick], [], { effect: "none" }).catch(() => {});
  }

  async #pass({ id, kind }: Pick<Caller, "id" | "kind">): Promise<void> {
    try {
      await this.#link.run(scripts.leave, this.#keys.all, [id, kind], { effect: "none" });
    } catch {
      // Nobody is there to be told; the line forgets it by itself.
    }
  }
}
