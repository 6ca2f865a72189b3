/**
 * The line of calls that wait on one handle, first come, first served, and the one port call that serves its front.
 *
 * The line holds calls, never items of its own: an item is in the medium or in a caller's hands. The first call goes to the
 * port at once; those that come meanwhile are merged into the next port call, so that one lock, commit or round trip serves
 * them all. A call that tries once never waits behind one that waits for room or for an item.
 */

import { CallList } from "./call-list.js";
import { now } from "./deadline.js";
import { EarliestTimer } from "./earliest-timer.js";
import { isBufferError } from "./errors.js";
import { afterTurn, mayGoOn } from "./event-loop-turn.js";
import { noAnswer, outcomeUnknown, portFault, tooManyWaiters } from "./faults.js";
import { isPromise, type LineWork, type Progress } from "./line-work.js";
import type { MaybePromise, Wait } from "./transport.js";
import { WaitWatch } from "./wait-watch.js";
import type { Cancel, WaitingCall } from "./waiting-call.js";

// How long a port may be late at a deadline before its wait is ended for it: it has a timer of its own.
const PORT_LATE_MS = 100;
// How long it may take to answer after that. More than a wire's heartbeat needs to find its authority dead (3 s).
const PORT_SILENT_MS = 5_000;
// A busy lock is asked for again after this long, doubling up to the maximum.
const BUSY_PAUSE_MS = 10;
const BUSY_PAUSE_MS_MAX = 80;
// Two clocks that count the same wait differ by less.
const CLOCK_SLACK_MS = 2;

export class WaitingLine<C extends WaitingCall<unknown>, A> {
  readonly #work: LineWork<C, A>;
  readonly #calls: CallList<C> = new CallList();
  /** Served by the port call under way. */
  #underWay: readonly C[] | undefined;
  /** Between two port calls: the event loop has its turn, or a busy lock its time. */
  #isPaused = false;
  #busyPauseMs = BUSY_PAUSE_MS;
  /** The port call under way waits. */
  #portWaits = false;
  /** The port has said, since an item passed, that there is no room or no item. */
  #isRefused = false;
  readonly #watch: WaitWatch;
  #canceller: AbortController | undefined;
  readonly #deadlines: EarliestTimer = new EarliestTimer((at) => this.#onDeadline(at));
  /** The wait of the port call under way was ended, for a cancel or because it was late. */
  #isWaitEnded = false;
  #silence: NodeJS.Timeout | undefined;
  /** The port call under way has been given up on; its answer still counts when it comes. */
  #isSilent = false;
  #ended: (() => unknown) | undefined;
  readonly #onIdle: (() => void)[] = [];
  // The wait of a call that is alone, until its signal is used up; and whether the port began to wait before it was adopted.
  #loneWait: Wait | undefined;
  #loneWaits = false;
  // Until it is adopted or has passed. A hook or a codec may call meanwhile: what it asks for stands behind it.
  #isAlone = false;

  constructor(work: LineWork<C, A>) {
    this.#work = work;
    this.#watch = new WaitWatch(work.hooks);
  }

  /** Calls in line, those under way included. */
  get size(): number {
    return this.#calls.size;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Puts a call at the end of the line, and serves the line. The call may be settled when this returns. */
  enter(call: C): void {
    if (this.#ended !== undefined) call.fail(this.#ended());
    else if (call.deadline.isTry && this.#isSilent) call.fail(noAnswer(this.#work.transport));
    else if (this.#calls.size >= this.#work.waitersMax) {
      // All of these stand before it: there is nothing left for a try to ask.
      if (call.deadline.isTry && this.#portWaits) call.giveUp(true);
      else call.fail(tooManyWaiters(this.#work));
    } else {
      this.#calls.append(call);
      if (call.deadline.isTry && this.#portWaits) void this.#lookFor(call);
      this.#serve();
    }
    if (call.isSettled) return;
    call.listen(() => this.#cancel(call, { reason: call.deadline.signal?.reason, by: "caller" }));
    this.#watchDeadline(call);
  }

  /**
   * Whether a call that came now would be the port's at once, and alone. Then the port may be asked for it with `loneWait`, and
   * one that is answered at once never needs to stand in line at all; any other is adopted.
   */
  mayGoAlone(): boolean {
    return (
      this.#calls.size === 0 &&
      this.#underWay === undefined &&
      !this.#isAlone &&
      !this.#isPaused &&
      !this.isEnded &&
      mayGoOn()
    );
  }

  /** Of the call that goes alone now. `passedAlone` or `adopt` follows in the same turn. */
  get loneWait(): Wait {
    this.#isAlone = true;
    this.#loneWaits = false;
    if (this.#loneWait?.signal !== this.#canceller?.signal || this.#loneWait === undefined) {
      this.#canceller ??= new AbortController();
      const onWait = () => {
        // Nobody's code is to run before the call is adopted: until then its bytes are the caller's own.
        if (this.#underWay === undefined) this.#loneWaits = true;
        else this.#startsToWait();
      };
      this.#loneWait = { maxMs: Number.POSITIVE_INFINITY, signal: this.#canceller.signal, onWait };
    }
    return this.#loneWait;
  }

  /** An item passed for a call that was alone, and is settled without standing in line. */
  passedAlone(): void {
    this.#isAlone = false;
    if (this.#loneWaits) this.#watch.begin();
    this.#watch.end();
    if (this.#calls.size > 0) this.#serve();
    if (this.#onIdle.length > 0) this.#isIdle();
  }

  /** Takes in a call without deadline or signal, for which the port was asked already. */
  adopt(call: C, answer: MaybePromise<A>): void {
    const calls = [call];
    this.#isAlone = false;
    this.#calls.prepend(call);
    call.isUnderWay = true;
    this.#underWay = calls;
    this.#isWaitEnded = false;
    if (this.#loneWaits) this.#startsToWait();
    if (this.#ended !== undefined) this.#cancel(call, { reason: this.#ended(), by: "handle" });
    if (isPromise(answer)) this.#await(calls, answer);
    else {
      this.#answered(calls, answer);
      this.#serve();
    }
  }

  /** Settles everybody in line alike: those under way too, whose port call is just being answered. */
  settleAll(settle: (call: C) => void): void {
    for (const call of this.#calls) {
      settle(call);
      if (!call.isUnderWay) this.#remove(call);
    }
  }

  /**
   * Ends the line: calls not under way reject at once, the one under way is cancelled, later ones are refused.
   * Resolves when the port has answered, or has been silent for too long.
   */
  end(error: () => unknown): Promise<void> {
    this.#ended ??= error;
    for (const call of this.#calls) this.#cancel(call, { reason: error(), by: "handle" });
    const isGivenUp = this.#isSilent && this.#underWay?.every((call) => call.isSettled);
    if ((this.#underWay === undefined && !this.#isAlone) || isGivenUp) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #serve(): void {
    for (;;) {
      const { first } = this.#calls;
      if (first === undefined || this.#underWay !== undefined || this.#isAlone || this.#isPaused) return;
      if (!mayGoOn()) {
        this.#pause(afterTurn);
        return;
      }
      const calls = this.#work.gather(first);
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
        this.#await(calls, answer);
        return;
      }
      this.#answered(calls, answer);
    }
  }

  #await(calls: readonly C[], answer: Promise<A>): void {
    const onAnswer = (later: A) => {
      this.#answered(calls, later);
      this.gatherAgain();
    };
    const onFault = (error: unknown) => {
      this.#failed(calls, error);
      this.gatherAgain();
    };
    answer.then(onAnswer, onFault);
    // Who tries once has no deadline at which the port would be found silent.
    if (calls.some((call) => call.deadline.isTry)) this.#watchSilence();
  }

  /** Over a port that takes its time, those who are just answered and call again come with the others, not after a round of one. */
  gatherAgain(): void {
    if (!this.#isPaused) this.#pause((resume) => process.nextTick(resume));
  }

  #wait(calls: readonly C[]): Wait {
    this.#canceller ??= new AbortController();
    this.#isWaitEnded = false;
    let maxMs = Number.POSITIVE_INFINITY;
    for (const { deadline } of calls) {
      if (deadline.isTry) maxMs = 0;
      else if (deadline.at !== Number.POSITIVE_INFINITY) maxMs = Math.min(maxMs, deadline.at - now());
    }
    maxMs = Math.max(0, Math.ceil(maxMs));
    const onWait = () => {
      if (maxMs > 0 && this.#underWay === calls) this.#startsToWait();
    };
    return { maxMs, signal: this.#canceller.signal, onWait };
  }

  #startsToWait(): void {
    this.#portWaits = true;
    this.#isRefused = true;
    if (this.#calls.tries > 0) {
      for (const call of this.#calls) if (call.deadline.isTry && !call.isUnderWay) this.#giveUp(call);
    }
    this.#watch.begin();
  }

  /**
   * That there was no room when the port began to wait says nothing of now. Its wait is ended only if there is news: whoever
   * waits in it would lose its turn to others with every try.
   */
  async #lookFor(call: C): Promise<void> {
    const isNews = await this.#work.isNews().catch(() => false);
    // Otherwise the port has answered, and is asked for this call too.
    if (call.isSettled || call.isUnderWay || !this.#portWaits) return;
    if (isNews) this.#endWait();
    else this.#giveUp(call);
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
    this.#isRefused ||= progress.refused;
    const at = now();
    for (const call of calls) {
      if (call.isSettled) continue;
      if (call.cancel !== undefined) call.stop(call.cancel.reason);
      else if (call.deadline.isTry ? progress.refused : call.deadline.at <= at) call.giveUp(this.#isRefused);
    }
    this.#leave(calls, progress.moved);
  }

  #failed(calls: readonly C[], error: unknown): void {
    const { what, transport } = this.#work;
    const fault = portFault(error, transport);
    this.#work.heard(fault);
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
    if (isBusy && this.#calls.first !== undefined) {
      const ms = this.#busyPauseMs;
      this.#busyPauseMs = Math.min(ms * 2, BUSY_PAUSE_MS_MAX);
      this.#pause((resume) => setTimeout(resume, ms));
    }
  }

  /** The port call is over: those it settled leave the line, the others stand in front again. */
  #leave(calls: readonly C[], moved: boolean): void {
    this.#underWay = undefined;
    this.#portWaits = false;
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#isSilent = false;
    for (const call of calls) {
      call.isUnderWay = false;
      if (call.isSettled) this.#remove(call);
      else this.#watchDeadline(call);
    }
    if (moved || this.#calls.first === undefined) {
      this.#isRefused = false;
      this.#watch.end();
    }
    this.#isIdle();
  }

  #isIdle(): void {
    for (const tell of this.#onIdle.splice(0)) tell();
  }

  #cancel(call: C, cancel: Cancel): void {
    if (call.isSettled) return;
    if (call.isUnderWay) {
      call.cancel ??= cancel;
      this.#endWait();
    } else {
      call.stop(cancel.reason);
      this.#remove(call);
    }
  }

  #endWait(): void {
    this.#isWaitEnded = true;
    this.#watchSilence();
    const canceller = this.#canceller;
    // The next wait gets a signal of its own.
    this.#canceller = undefined;
    canceller?.abort();
  }

  #watchSilence(): void {
    this.#silence ??= setTimeout(() => this.#onSilence(false), PORT_SILENT_MS);
  }

  /** The port does not answer: nobody can say what becomes of these calls, and they wait no longer to find out. */
  #onSilence(isSure: boolean): void {
    // This process may have been the one that stood still: then the answer is there, and is read first.
    this.#silence = isSure ? undefined : setTimeout(() => this.#onSilence(true), PORT_LATE_MS);
    if (!isSure) return;
    this.#isSilent = true;
    const { what, transport } = this.#work;
    const silent = noAnswer(transport);
    let isAnyLeft = false;
    const at = now();
    for (const call of this.#calls) {
      const { cancel, deadline } = call;
      if (!call.isUnderWay) {
        if (!deadline.isTry) continue;
        call.fail(silent);
        this.#remove(call);
      } else if (cancel !== undefined || deadline.isTry || deadline.at <= at) {
        call.fail(outcomeUnknown(what, transport, cancel?.by === "caller" ? cancel.reason : silent));
      } else isAnyLeft ||= deadline.at !== Number.POSITIVE_INFINITY;
    }
    if (isAnyLeft) this.#silence = setTimeout(() => this.#onSilence(true), PORT_SILENT_MS);
    if (this.#ended !== undefined) this.#isIdle();
  }

  #pause(until: (resume: () => void) => void): void {
    this.#isPaused = true;
    until(() => {
      this.#isPaused = false;
      this.#serve();
    });
  }

  #watchDeadline(call: C): void {
    if (call.deadline.at === Number.POSITIVE_INFINITY) return;
    // The port watches the deadlines of those it serves, and is watched at the latest; after a pause it is asked at once.
    const isPortsAffair = call.isUnderWay || this.#isPaused;
    if (call.isUnderWay && this.#isWaitEnded) return;
    this.#deadlines.set(call.deadline.at + (isPortsAffair ? PORT_LATE_MS : 0));
  }

  #onDeadline(at: number): void {
    let isPortLate = false;
    for (const call of this.#calls) {
      const isLate = call.deadline.at + PORT_LATE_MS <= at;
      if (call.isUnderWay) isPortLate ||= isLate;
      else if (isLate || (call.deadline.at <= at && !this.#isPaused)) this.#giveUp(call);
    }
    if (isPortLate && !this.#isWaitEnded) this.#endWait();
    for (const call of this.#calls) this.#watchDeadline(call);
  }

  #giveUp(call: C): void {
    call.giveUp(this.#isRefused);
    this.#remove(call);
  }

  #remove(call: C): void {
    this.#calls.remove(call);
    if (this.#calls.size === 0) this.#deadlines.clear();
  }
}
