/**
 * The line of calls that wait on one handle, first come, first served, and the one port call that serves its front.
 *
 * The line holds calls, never items of its own: an item is in the medium or in a caller's hands. The first call goes to the
 * port at once; those that come meanwhile are merged into the next port call, so that one lock, commit or round trip serves
 * them all. A call that tries once never waits behind one that does.
 */

import { now, TIMEOUT_MS_MAX } from "./deadline.js";
import { BufferError, isBufferError } from "./errors.js";
import { afterTurn, mayGoOn } from "./event-loop-turn.js";
import { callHook, outcomeUnknown, portFault } from "./faults.js";
import type { MaybePromise, Wait } from "./transport.js";
import type { Cancel, WaitingCall } from "./waiting-call.js";

/** Tells whoever watches a handle that it waits: an operator sees a full buffer before it hurts. */
export interface WaitHooks {
  /** The buffer is full (a producer) or empty (a consumer), and at least one call of this handle waits. */
  readonly onWait?: (() => void) | undefined;
  /** An item passed again, or nobody waits any more. */
  readonly onResume?: ((waitedMs: number) => void) | undefined;
}

/** What an answer of the port means for the line. */
export interface Progress {
  /** An item passed. */
  readonly moved: boolean;
  /** There was no room or no item for the rest: the answer to whoever tries once. */
  readonly refused: boolean;
}

/** What the line does not know: how calls become one port call, and its answer theirs. */
export interface LineWork<C, A> {
  /** For messages: `the item was put`. */
  readonly what: string;
  readonly transport: string;
  readonly waitersMax: number;
  readonly hooks: WaitHooks;
  /** The calls, from the first on, that the next port call is to serve; at least one. */
  gather(first: C): C[];
  /** Makes the port call. `wait` makes a fresh `Wait`, good for as long as these calls may wait from now. */
  ask(calls: readonly C[], wait: () => Wait): MaybePromise<A>;
  /** Settles the calls that the answer serves. */
  answered(calls: readonly C[], answer: A): Progress;
}

// How long a port may be late at a deadline before its wait is ended for it: it has a timer of its own.
const PORT_LATE_MS = 100;
// A busy lock is asked for again after this long, doubling up to the maximum.
const BUSY_PAUSE_MS = 10;
const BUSY_PAUSE_MS_MAX = 80;
// Two clocks that count the same wait differ by less.
const CLOCK_SLACK_MS = 2;

export class WaitingLine<C extends WaitingCall<unknown>, A> {
  readonly #work: LineWork<C, A>;
  #first: C | undefined;
  #last: C | undefined;
  #size = 0;
  /** How many in line try once, so that nobody looks for them where there are none. */
  #tries = 0;
  /** Served by the port call under way. */
  #underWay: readonly C[] | undefined;
  /** Between two port calls: the event loop has its turn, or a busy lock its time. */
  #isPaused = false;
  #busyPauseMs = BUSY_PAUSE_MS;
  /** The port call under way waits. */
  #portWaits = false;
  #waitingSince: number | undefined;
  #canceller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** The port let a deadline pass: its wait was ended for it, and its answer is awaited. */
  #isHurried = false;
  #ended: (() => unknown) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(work: LineWork<C, A>) {
    this.#work = work;
  }

  /** Calls in line, those under way included. */
  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Generator<C> {
    for (let call = this.#first; call !== undefined; call = call.next) yield call;
  }

  /** Puts a call at the end of the line, and serves the line. The call may be settled when this returns. */
  enter(call: C): void {
    if (this.#ended !== undefined) call.fail(this.#ended());
    else if (call.deadline.isTry && this.#portWaits) call.giveUp();
    else if (this.#size >= this.#work.waitersMax) call.fail(this.#tooMany());
    else {
      this.#append(call);
      this.#serve();
    }
    if (call.isSettled) return;
    call.listen(() => this.#cancel(call, { reason: call.deadline.signal?.reason, by: "caller" }));
    this.#arm(call);
  }

  /**
   * Ends the line: calls not under way reject at once, the one under way is cancelled, later ones are refused.
   * Resolves when the port has answered.
   */
  end(error: () => unknown): Promise<void> {
    this.#ended ??= error;
    for (const call of this) this.#cancel(call, { reason: error(), by: "handle" });
    if (this.#underWay === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onIdle;
      this.#onIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Settles everybody in line alike: those under way too, whose port call is just being answered. */
  settleAll(settle: (call: C) => void): void {
    for (const call of this) {
      settle(call);
      if (!call.isUnderWay) this.#remove(call);
    }
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  #serve(): void {
    while (this.#first !== undefined && this.#underWay === undefined && !this.#isPaused) {
      if (!mayGoOn()) {
        this.#pause(afterTurn);
        return;
      }
      const calls = this.#work.gather(this.#first);
      for (const call of calls) call.isUnderWay = true;
      this.#underWay = calls;
      let answer: MaybePromise<A>;
      try {
        answer = this.#work.ask(calls, () => this.#wait(calls));
      } catch (error) {
        this.#failed(calls, error);
        continue;
      }
      if (isPromise(answer)) {
        answer.then(
          (later) => {
            this.#answered(calls, later);
            this.#serve();
          },
          (error: unknown) => {
            this.#failed(calls, error);
            this.#serve();
          },
        );
        return;
      }
      this.#answered(calls, answer);
    }
  }

  #wait(calls: readonly C[]): Wait {
    this.#canceller ??= new AbortController();
    let maxMs = Number.POSITIVE_INFINITY;
    for (const { deadline } of calls) {
      if (deadline.isTry) maxMs = 0;
      else if (deadline.at !== Number.POSITIVE_INFINITY) maxMs = Math.min(maxMs, deadline.at - now());
    }
    const wait: Wait = {
      maxMs: Math.max(0, Math.ceil(maxMs)),
      signal: this.#canceller.signal,
      onWait: () => {
        if (this.#underWay === calls && wait.maxMs > 0) this.#startsToWait();
      },
    };
    return wait;
  }

  #startsToWait(): void {
    this.#portWaits = true;
    // Nobody who tries once may stand behind somebody who waits.
    if (this.#tries > 0) {
      for (const call of this) {
        if (!call.deadline.isTry || call.isUnderWay) continue;
        call.giveUp();
        this.#remove(call);
      }
    }
    if (this.#waitingSince !== undefined) return;
    this.#waitingSince = now();
    callHook(this.#work.hooks.onWait);
  }

  #answered(calls: readonly C[], answer: A): void {
    let progress: Progress;
    try {
      progress = this.#work.answered(calls, answer);
    } catch (error) {
      // The port's answer breaks the interface.
      this.#failed(calls, error);
      return;
    }
    this.#busyPauseMs = BUSY_PAUSE_MS;
    const at = now();
    for (const call of calls) {
      if (call.isSettled) continue;
      if (call.cancel !== undefined) call.stop(call.cancel.reason);
      else if (call.deadline.isTry ? progress.refused : call.deadline.at <= at) call.giveUp();
    }
    this.#leave(calls, progress.moved);
  }

  #failed(calls: readonly C[], error: unknown): void {
    const { what, transport } = this.#work;
    const fault = portFault(error, transport);
    const isBusy = fault.effect === "none" && isBufferError(fault, "BUFFER_BUSY");
    const due = now() + CLOCK_SLACK_MS;
    for (const call of calls) {
      const { cancel, deadline } = call;
      if (fault.effect === "unknown") {
        call.fail(outcomeUnknown(what, transport, cancel?.by === "caller" ? cancel.reason : fault));
      } else if (cancel !== undefined) call.stop(cancel.reason);
      // A busy lock is the answer at the deadline; until then it is waited for.
      else if (!isBusy || deadline.isTry || deadline.at <= due) call.stop(fault);
    }
    this.#leave(calls, false);
    if (isBusy && this.#first !== undefined) {
      const ms = this.#busyPauseMs;
      this.#busyPauseMs = Math.min(ms * 2, BUSY_PAUSE_MS_MAX);
      this.#pause((resume) => setTimeout(resume, ms));
    }
  }

  /** The port call is over: those it settled leave the line, the others stand in front again. */
  #leave(calls: readonly C[], moved: boolean): void {
    this.#underWay = undefined;
    this.#portWaits = false;
    for (const call of calls) {
      call.isUnderWay = false;
      if (call.isSettled) this.#remove(call);
    }
    if (this.#isHurried) {
      this.#isHurried = false;
      for (const call of this) this.#arm(call);
    }
    if (this.#waitingSince !== undefined && (moved || this.#first === undefined)) {
      const waitedMs = now() - this.#waitingSince;
      this.#waitingSince = undefined;
      callHook(this.#work.hooks.onResume, waitedMs);
    }
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle?.();
  }

  #cancel(call: C, cancel: Cancel): void {
    if (call.isSettled) return;
    if (!call.isUnderWay) {
      call.stop(cancel.reason);
      this.#remove(call);
      return;
    }
    call.cancel ??= cancel;
    this.#endWait();
  }

  #endWait(): void {
    const canceller = this.#canceller;
    // The next wait gets a signal of its own.
    this.#canceller = undefined;
    canceller?.abort();
  }

  #pause(until: (resume: () => void) => void): void {
    this.#isPaused = true;
    until(() => {
      this.#isPaused = false;
      this.#serve();
    });
  }

  /** One timer for the whole line, set for its earliest deadline. */
  #arm(call: C): void {
    if (call.deadline.at === Number.POSITIVE_INFINITY) return;
    if (call.isUnderWay && this.#isHurried) return;
    const at = call.deadline.at + (call.isUnderWay || this.#isPaused ? PORT_LATE_MS : 0);
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    clearTimeout(this.#timer);
    const ms = Math.min(Math.max(1, Math.ceil(at - now())), TIMEOUT_MS_MAX);
    this.#timer = setTimeout(() => this.#onTimer(), ms);
  }

  #onTimer(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const at = now();
    for (const call of this) {
      const isLate = call.deadline.at + PORT_LATE_MS <= at;
      if (call.isUnderWay) this.#isHurried ||= isLate;
      else if (isLate || (call.deadline.at <= at && !this.#isPaused)) {
        call.giveUp();
        this.#remove(call);
      }
    }
    if (this.#isHurried) this.#endWait();
    for (const call of this) this.#arm(call);
  }

  #append(call: C): void {
    call.isInLine = true;
    call.previous = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
    this.#size += 1;
    if (call.deadline.isTry) this.#tries += 1;
  }

  #remove(call: C): void {
    if (!call.isInLine) return;
    call.isInLine = false;
    // Its own link stays, so that whoever walks the line may remove the one in hand.
    if (call.previous === undefined) this.#first = call.next;
    else call.previous.next = call.next;
    if (call.next === undefined) this.#last = call.previous;
    else call.next.previous = call.previous;
    this.#size -= 1;
    if (call.deadline.isTry) this.#tries -= 1;
    if (this.#size > 0) return;
    clearTimeout(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #tooMany(): BufferError {
    const { waitersMax, transport } = this.#work;
    const message = `At most ${waitersMax} calls (\`waitersMax\`) may wait on one handle: await some of them first`;
    return new BufferError("TOO_MANY_WAITERS", message, { transport });
  }
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
