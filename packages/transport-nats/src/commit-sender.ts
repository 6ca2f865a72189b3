/** Sends commits, and finds out what became of each: whether it was stored, and whether it counts. */

import { errors } from "@nats-io/transport-node";
import { failpoint, isBufferError } from "@sluice/core";
import { type Operation, withJoin } from "@sluice/file-store";
import { type Applied, isPatient, mayCount } from "./course.js";
import { faults, isSilence, isUnsent, refusalOf, unavailable } from "./faults.js";
import { type Limit, pause, type Session } from "./link.js";
import type { NatsLog } from "./nats-log.js";
import type { Stored } from "./publisher.js";
import { type CommitHead, encodeRecord } from "./record.js";

const COMMITS_AVERAGED = 16;

/** What is to be committed. */
export interface Pending {
  readonly operations: readonly Operation[];
  readonly items?: readonly Uint8Array[];
  readonly tellsState?: boolean;
}

/** A commit as it is sent. */
export interface Sent {
  readonly head: CommitHead;
  readonly record: Buffer;
  /** What the stream's last message has to be; undefined where it is stored in any case. */
  readonly condition: number | undefined;
}

/** A commit under way: over which connection, since when, and what comes of it. */
export interface Sending {
  readonly session: Session;
  readonly since: number;
  readonly stored: Promise<Stored>;
}

export class CommitSender {
  readonly #log: NatsLog;
  #turn = 0;
  /** The last that was sent without a condition, and of which it was not known whether it would arrive, or twice. */
  #doubtful: CommitHead | undefined;

  constructor(log: NatsLog) {
    this.#log = log;
    log.replica.onOwn = (turn, number) => {
      if (turn === this.#turn) log.link.current?.publisher.told(number);
    };
  }

  /** Whether what was given up may still come, and count: then no answer that is given now would hold. Behind a later one of its maker it does not. */
  get isAnyAfloat(): boolean {
    const { course, state } = this.#log.replica;
    return this.#doubtful !== undefined && mayCount(course, state, this.#doubtful);
  }

  /** As the next one of this handle. @param last - the number of the state that it was decided on. */
  toSend({ operations, items, tellsState = false }: Pending, last: number): Sent {
    const log = this.#log;
    this.#turn += 1;
    const all = withJoin(log.state, log.handle, operations);
    // Who says "full" says it of this state.
    const condition = isPatient(all) && !tellsState ? undefined : last;
    const named = { by: log.handle, turn: this.#turn };
    const head: CommitHead =
      condition === undefined ? { ...named, base: last, operations: all } : { ...named, operations: all };
    const record = encodeRecord(head, items);
    log.replica.sent = { head, record };
    return { head, record, condition };
  }

  /** The same, and sends it. Rejects `STORAGE_FULL` for more than a message can carry, and as `send`. */
  async commit(pending: Pending, last: number, limit: Limit): Promise<Applied | undefined> {
    const sent = this.toSend(pending, last);
    const { length } = sent.record;
    const { recordBytesMax } = this.#log;
    if (length <= recordBytesMax) return this.send(sent, limit);
    const message = `A commit of ${length} bytes is more than the server takes (\`max_payload\` is ${recordBytesMax})`;
    throw faults.of("STORAGE_FULL", message);
  }

  /** One try. @param isFirst - a later one is answered in any case. */
  sendOver(session: Session, { record, condition }: Sent, isFirst: boolean): Sending {
    const { publisher } = session;
    const { commits } = this.#log.names;
    failpoint("nats.before-commit");
    const since = performance.now();
    const stored =
      condition === undefined && isFirst
        ? publisher.publishUnanswered(commits, record)
        : publisher.publish(commits, record, condition);
    return { session, since, stored };
  }

  /** For how long a commit takes, and for whoever dies here. */
  wasStored({ since }: Sending): void {
    failpoint("nats.after-commit");
    this.#log.commitMs += (performance.now() - since - this.#log.commitMs) / COMMITS_AVERAGED;
  }

  /**
   * Until it is known what came of it. Undefined if it does not count. Rejects `effect: "unknown"` where nobody can tell.
   *
   * @param begun - if it was sent already.
   */
  async send(sent: Sent, limit: Limit, begun?: Sending): Promise<Applied | undefined> {
    const log = this.#log;
    const { head, record, condition } = sent;
    const { turn } = head;
    const last = head.base ?? condition;
    let isInDoubt = false;
    for (let tries = 0; ; tries++) {
      let sending = tries === 0 ? begun : undefined;
      let session = sending?.session;
      let answer: Stored;
      try {
        if (sending === undefined) {
          session = log.link.current ?? (await log.link.session(limit));
          const isOver = log.number !== last && !mayCount(log.replica.course, log.state, head);
          if (isOver) return this.#ownOrNone(turn, isInDoubt);
          sending = this.sendOver(session, sent, tries === 0);
        }
        answer = await sending.stored;
        this.wasStored(sending);
      } catch (error) {
        try {
          if (session === undefined) throw error;
          if (!isSilence(error)) throw refusalOf(error, isInDoubt ? "unknown" : "none");
          isInDoubt ||= !isUnsent(error);
          if (isInDoubt && condition === undefined) this.#doubtful = head;
          const isJustUntold = condition === undefined && tries === 0 && error instanceof errors.TimeoutError;
          if (!isJustUntold) log.link.noAnswer(session, error);
          if (performance.now() >= limit.unanswered)
            throw unavailable(log.link.where, isInDoubt ? "unknown" : "none", error);
          if (tries > 0) await pause(tries);
          // If it was stored after all, or another one was, that is seen now; if not, it is sent once more.
          await log.isCurrent(limit);
        } catch (cause) {
          throw isInDoubt ? inDoubt(cause) : cause;
        }
        continue;
      }
      const { isStored, sequence } = answer;
      if (isStored) log.take(sequence, log.names.commits, record);
      try {
        if (isStored) await log.reach(sequence, limit);
        else if (sequence > 0) await log.reachIfThere(sequence, limit);
        else await log.isCurrent(limit);
        return this.#ownOrNone(turn, isStored || isInDoubt);
      } catch (cause) {
        throw isStored || isInDoubt ? inDoubt(cause) : cause;
      }
    }
  }

  // Whoever was first: this one is in by now, or will never count, or is made void before anything else is decided.
  #ownOrNone(turn: number, isInDoubt: boolean): Applied | undefined {
    const own = this.#log.replica.ownCommit(turn);
    if (own !== undefined || !isInDoubt) return own;
    const { lastTurn = 0 } = this.#log.state.participants.get(this.#log.handle) ?? {};
    if (lastTurn < turn) return undefined;
    throw faults.of("OUTCOME_UNKNOWN", "It was stored, and what came of it was removed with the log");
  }
}

function inDoubt(error: unknown): unknown {
  if (!isBufferError(error) || error.effect === "unknown") return error;
  if (error.code === "BUFFER_DESTROYED") return error;
  const code = error.code === "HANDLE_CLOSED" ? "OUTCOME_UNKNOWN" : error.code;
  return faults.of(code, error.message, { effect: "unknown", cause: error });
}
