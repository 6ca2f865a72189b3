/** How decisions become commits: one counts only if nothing came in between that it does not bear, else it is decided again. */

import type { MaybePromise } from "@sluice/core";
import {
  type Commits,
  type Decide,
  type Decision,
  Dues,
  type DueWork,
  decideIfCurrent,
  type Had,
  type Patience,
  type WaitCounts,
} from "@sluice/file-store";
import { CommitSender, type Pending } from "./commit-sender.js";
import { type Applied, isPatient } from "./course.js";
import { faults } from "./faults.js";
import { type Limit, limitFromNow } from "./link.js";
import type { NatsLog } from "./nats-log.js";
import { Missing, type Payloads } from "./payloads.js";
import { FALLBACK_MS, SILENT_MS, STILL_HERE_MS } from "./timing.js";
import { isWholeDue, writeWhole } from "./whole-state.js";

/** So often the bytes of one commit may be missing when they are asked for: others take what is fetched, and the next are to be fetched then. */
const MISSES_MAX = 3;
// Longer, and those who collide most would be served least.
const COLLISIONS_BEFORE_TURN = 4;

type Reply<T> = (commit: number, had?: Had) => T;

/** It is not for `#atOnce`. */
const LATER = Symbol("later");

/** What is to be done, and the number of the state that it was decided on: there may be a later one before it is. */
interface Decided<T> {
  readonly decision: Decision<T> | (Pending & { readonly reply?: never });
  readonly on: number;
}

export class NatsCommits implements Commits {
  readonly log: NatsLog;
  readonly dues: DueWork;
  readonly payload: Payloads;
  readonly waits: WaitCounts;
  // One commit of a handle is under way at a time: the next is decided by the state that it makes.
  #line: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  readonly #sender: CommitSender;
  #isClosed = false;
  #whole: Promise<void> | undefined;
  readonly #stillHere: NodeJS.Timeout;

  constructor(log: NatsLog) {
    this.log = log;
    this.#sender = new CommitSender(log);
    this.payload = log.replica.payloads;
    // No sign tells over a network that a process has died: only that nothing is heard of it any more.
    this.dues = new Dues(log, (_, handle) => log.hearing.silenceMs(handle) > SILENT_MS);
    this.waits = log.waits;
    this.#stillHere = setInterval(() => this.#sayStillHere(), STILL_HERE_MS).unref();
  }

  transact<T>(decide: Decide<T>, patience?: Patience): MaybePromise<T> {
    const answer = this.#isFree ? this.#atOnce(decide, patience) : LATER;
    return answer === LATER ? this.#inLine(decide, patience) : answer;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#stillHere);
    this.log.waits.close();
    // A whole state that is being written is better finished than begun again by others.
    void Promise.resolve(this.#whole).finally(() => this.log.link.close());
  }

  /** Nothing of this handle is under way, and nothing comes before what it is asked for. */
  get #isFree(): boolean {
    const { log } = this;
    const isReady = log.isListening && !log.serverClock.isDue && !log.state.destroyed && !this.#isClosed;
    return this.#underWay === 0 && isReady && !this.#sender.isAnyAfloat && this.dues.operations.length === 0;
  }

  /** The shortest way, of what nearly every call is: an answer that needs nobody, or a commit that is stored in any case. */
  #atOnce<T>(decide: Decide<T>, patience: Patience | undefined): MaybePromise<T> | typeof LATER {
    const { log } = this;
    const session = log.link.current;
    let decision: Decision<T> | undefined;
    try {
      decision = decideIfCurrent(decide, log.state);
    } catch {
      // It is the same when it is asked again.
      return LATER;
    }
    if (decision === undefined || session === undefined) return LATER;
    if ("answer" in decision) return decision.final === true || isTold(patience) ? decision.answer : LATER;
    const { operations, reply } = decision;
    if (decision.tellsState === true || !isPatient(operations)) return LATER;
    const sent = this.#sender.toSend(decision, log.number);
    if (sent.record.length > log.recordBytesMax) return LATER;
    const limit = limitFromNow();
    this.#underWay += 1;
    const sending = this.#sender.sendOver(session, sent, true);
    const told = (): MaybePromise<T> => {
      this.#sender.wasStored(sending);
      const applied = log.replica.ownCommit(sent.head.turn);
      if (applied === undefined) return this.#freeAfter(this.#transact(decide, limit, patience, 1));
      this.#underWay -= 1;
      return this.#replied(decision, reply, applied);
    };
    const untold = async (): Promise<T> => {
      const applied = await this.#sender.send(sent, limit, sending);
      return applied === undefined
        ? this.#transact(decide, limit, patience, 1)
        : this.#replied(decision, reply, applied);
    };
    const answer = sending.stored.then(told, () => this.#freeAfter(untold()));
    this.#line = answer;
    return answer;
  }

  #inLine<T>(decide: Decide<T>, patience: Patience | undefined): Promise<T> {
    const limit = limitFromNow();
    this.#underWay += 1;
    const ask = () => this.#freeAfter(this.#transact(decide, limit, patience));
    const answer = this.#line.then(ask, ask);
    this.#line = answer;
    return answer;
  }

  async #freeAfter<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #transact<T>(
    decide: Decide<T>,
    limit: Limit,
    patience: Patience | undefined,
    collisions = 0,
  ): Promise<T> {
    for (;;) {
      if (this.#isClosed) throw faults.closed();
      if (!this.log.isListening) await this.log.listen(limit);
      if (this.log.serverClock.isDue) await this.log.readClock(limit);
      if (this.log.state.destroyed) throw faults.destroyed("in the stream");
      const decided = await this.#decide(decide, limit);
      if (decided === undefined) continue;
      const { decision, on } = decided;
      if ("answer" in decision) {
        if (decision.final === true || isTold(patience)) return decision.answer;
        const isCurrent = await this.log.isCurrent(limit);
        this.#writeWholeIfDue();
        // What has come meanwhile is for those who have waited for it, before it is for a call that may wait.
        if (isCurrent || patience !== undefined) return decision.answer;
        continue;
      }
      const applied = await this.#sender.commit(decision, on, limit);
      if (applied !== undefined && decision.reply !== undefined)
        return this.#replied(decision, decision.reply, applied);
      if (applied !== undefined) continue;
      collisions += 1;
      if (performance.now() >= limit.unanswered) {
        const message = "Others commit to the buffer all the time, and this call does not come through";
        throw faults.of("BUFFER_BUSY", message);
      }
      if (collisions > COLLISIONS_BEFORE_TURN) await this.log.passTurn();
    }
  }

  #replied<T>(decided: Pending, reply: Reply<T>, applied: Applied): T {
    const answer = reply(applied.number, hadInstead(decided, applied));
    this.#writeWholeIfDue();
    return answer;
  }

  /** Undefined to be asked again. What is due comes first, and before all that what is still on its way is made void. */
  async #decide<T>(decide: Decide<T>, limit: Limit): Promise<Decided<T> | undefined> {
    const { operations } = this.dues;
    if (operations.length > 0 || this.#sender.isAnyAfloat)
      return { decision: { operations }, on: this.log.number };
    /** How often each commit was asked for. */
    const asked = new Map<number, number>();
    for (;;) {
      try {
        const decision = decideIfCurrent(decide, this.log.state);
        return decision && { decision, on: this.log.number };
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        const misses = Math.max(...error.commits.map((commit) => asked.get(commit) ?? 0));
        // A leader that was just chosen may not have them yet; and they may be gone with their items. Else they are gone.
        const isCurrent = misses > 0 && (await this.log.isCurrent(limit));
        if (isCurrent && misses >= MISSES_MAX)
          throw faults.of("DATA_CORRUPT", "The bytes of an item are missing from the stream");
        for (const commit of error.commits) asked.set(commit, misses + 1);
        await this.log.fetchPayloads(error.commits, limit);
      }
    }
  }

  #writeWholeIfDue(): void {
    const { replica, names } = this.log;
    if (this.#whole !== undefined || !isWholeDue(replica)) return;
    this.#whole = this.log.link
      .session(limitFromNow())
      .then((session) => writeWhole(replica, names, session))
      // Another does it, or the next.
      .catch(() => {})
      .finally(() => {
        this.#whole = undefined;
      });
  }

  #sayStillHere(): void {
    const { handle, state } = this.log;
    if (!state.participants.has(handle) || this.log.hearing.silenceMs(handle) < STILL_HERE_MS / 2) return;
    this.#inLine(() => ({ operations: [], reply: () => undefined }), undefined).catch(() => {});
  }
}

/** The items that a take has, where others were before it. */
function hadInstead({ operations }: Pending, applied: Applied): Had | undefined {
  const [decided] = operations;
  const had = applied.operations.at(-1);
  if (had?.op !== "take" && had?.op !== "lease") return undefined;
  const isSame = decided?.op === had.op && decided.from === had.from && decided.count === had.count;
  return isSame ? undefined : had;
}

/** One that waits is told what comes, and one that waits for long what it has missed: the server is asked meanwhile. */
function isTold(patience: Patience | undefined): boolean {
  if (patience === undefined) return false;
  return patience.hasWaited === true || patience.until - performance.now() > 2 * FALLBACK_MS;
}
