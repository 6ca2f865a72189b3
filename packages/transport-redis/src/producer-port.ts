/** Puts items: a script counts the room and appends, as one step. */

import type { Envelopes, Offered, ProducerPort, Wait } from "@sluice/core";
import { failpoint, outOfRange } from "@sluice/core";
import { closed, fault, wentBack } from "./faults.js";
import { frameOf } from "./frames.js";
import { checked, type Handle } from "./handle.js";
import type { Argument } from "./link.js";
import { scripts } from "./scripts.js";
import { type Try, waitFor, waitMsOf } from "./waiting.js";

/** As in `put.lua`. */
const State = { Open: 0, Full: 1, Sealed: 2, Gap: 3, Replaced: 4 } as const;
const STATES = ["open", "full", "sealed"] as const;
/** So long replicas may take to confirm. */
const CONFIRM_MS = 1_000;

type Answer = readonly [state: number, accepted: number, by: number, planMs: number];
/** What `put.lua` says where all are in. */
const ALL = 0;

export class RedisProducerPort implements ProducerPort {
  readonly lastSequence: number;
  readonly copiesAtOnce = true;
  readonly #handle: Handle;
  readonly #keys: readonly string[];
  readonly #producer: string;
  /** This registration's own name. */
  readonly #holder: string;
  /** Up to which it was told that its items are in. */
  #told: number;
  #isClosed = false;

  constructor(handle: Handle, producer: string, holder: string, lastSequence: number) {
    this.lastSequence = lastSequence;
    this.#handle = handle;
    this.#producer = producer;
    this.#holder = holder;
    this.#told = lastSequence;
    const { put } = handle.keys;
    this.#keys = producer === anonymous(holder) ? put.anonymous : put.named;
  }

  offer(first: number, items: readonly Uint8Array[], wait: Wait, envelopes?: Envelopes): Promise<Offered> {
    const frames =
      items.length === 1
        ? [frameOf(items[0] as Uint8Array, envelopes?.[0])]
        : items.map((item, at) => frameOf(item, envelopes?.[at]));
    const { link, replicas } = this.#handle;
    if (replicas > 0 || this.#isClosed || wait.signal.aborted || !this.#handle.isShort("put"))
      return this.#handle.track(() => this.#offer(first, frames, wait));
    // What nearly always is enough, with little around it.
    this.#handle.begin();
    const args = this.#shortArgs(first, frames, waitMsOf(wait), -1);
    return link.run<Answer | typeof ALL>(scripts.put, this.#keys, args).then(
      (answer) => {
        if (answer !== ALL) return this.#goOn(first, frames, wait, answer);
        const { length } = frames;
        failpoint("redis.offered");
        this.#told = Math.max(this.#told, first + length - 1);
        this.#handle.done();
        return { accepted: length, state: "open" };
      },
      (error: unknown) => {
        this.#handle.done();
        throw error;
      },
    );
  }

  async #goOn(first: number, frames: readonly Argument[], wait: Wait, answer: Answer): Promise<Offered> {
    try {
      return await this.#offer(first, frames, wait, answer);
    } finally {
      this.#handle.done();
    }
  }

  /** @param answer - of the first try, if there was one. */
  async #offer(first: number, frames: readonly Argument[], wait: Wait, answer?: Answer): Promise<Offered> {
    if (this.#isClosed) throw closed();
    let fullBy: "items" | "bytes" = "items";
    let known = answer;
    return waitFor<Offered>(
      this.#handle,
      { id: this.#holder, kind: "room", owner: this },
      wait,
      async (one) => {
        const tried = await this.#put(first, frames, one, known);
        known = undefined;
        if ("answer" in tried) return tried;
        fullBy = tried.fullBy;
        return tried.planMs > 0 ? tried : { answer: { accepted: 0, state: "full", fullBy } };
      },
      (aborted) => (aborted ? { accepted: 0, state: "open" } : { accepted: 0, state: "full", fullBy }),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Its record stays, for an offer that comes late.
    this.#handle.wakeUps.end(this);
  }

  async #put(
    first: number,
    frames: readonly Argument[],
    { waitMs, hops }: Try,
    known: Answer | undefined,
  ): Promise<{ readonly answer: Offered } | { readonly planMs: number; readonly fullBy: "items" | "bytes" }> {
    const [state, accepted, by, planMs] = await this.#answered(first, frames, waitMs, hops, known);
    failpoint("redis.offered");
    if (state === State.Replaced) throw fault("HANDLE_CLOSED", "This producer id has a newer holder");
    if (state === State.Gap) {
      if (first <= this.#told + 1) throw wentBack();
      const expected = `at most ${(accepted ?? 0) + 1}, for a sequence has no gaps`;
      throw outOfRange("`firstSequence`", expected, first);
    }
    this.#told = Math.max(this.#told, first + accepted - 1);
    const fullBy = by === 2 ? "bytes" : "items";
    if (state === State.Full && accepted === 0) return { planMs, fullBy };
    const named = STATES[state] ?? "open";
    return { answer: named === "full" ? { accepted, state: named, fullBy } : { accepted, state: named } };
  }

  async #answered(
    first: number,
    frames: readonly Argument[],
    waitMs: number,
    hops: number,
    known: Answer | undefined,
  ): Promise<Answer> {
    const holder = this.#holder;
    if (known !== undefined || this.#handle.isShort("put")) {
      const answer =
        known ??
        (await this.#run("put", this.#keys, this.#shortArgs(first, frames, waitMs, hops), frames.length));
      if (!this.#handle.isLong("put", answer)) return checked(answer);
    }
    const args = [this.#producer, holder, first, holder, waitMs, hops, ...frames];
    return checked(await this.#run("put-slow", this.#handle.keys.all, args, frames.length));
  }

  #shortArgs(first: number, frames: readonly Argument[], waitMs: number, hops: number): Argument[] {
    const [before, after] = [`${this.#holder}:${first - 1}`, `${this.#holder}:${first - 1 + frames.length}`];
    return [this.#producer, before, after, hops < 0 ? waitMs : -waitMs, ...frames];
  }

  async #run(
    name: "put" | "put-slow",
    keys: readonly string[],
    args: readonly Argument[],
    count: number,
  ): Promise<Answer> {
    const { link, replicas } = this.#handle;
    type Reply = Answer | typeof ALL;
    const [reply, confirmed] =
      replicas === 0
        ? [await link.run<Reply>(scripts[name], keys, args), 0]
        : await link.runConfirmed<Reply>(scripts[name], keys, args, replicas, CONFIRM_MS);
    const answer = reply === ALL ? ([State.Open, count, 0, 0] as const) : reply;
    const [state, accepted] = answer;
    if (accepted > 0 && state <= State.Sealed && confirmed < replicas) {
      const message = `Accepted by the server, but confirmed by ${confirmed} of ${replicas} replicas within ${CONFIRM_MS} ms`;
      throw fault("OUTCOME_UNKNOWN", message);
    }
    return answer;
  }
}

/** The name of a producer without an id. No id of a user's begins like it. */
export function anonymous(holder: string): string {
  return `a${holder}`;
}

export function named(id: string): string {
  return `n${id}`;
}
