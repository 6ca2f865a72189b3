/** What a run has to say for itself in the end, and the exit code that follows from it. */

import type { BuriedItem } from "../dead-letters.js";
import type { BufferAddress, BufferCounts } from "../transport.js";
import { type CrewMember, sumOfTotals, type WorkerOutcome } from "./crew-member.js";
import { DurationHistogram } from "./duration-histogram.js";
import { audit } from "./ledger.js";
import type { ErrorText, WorkerRole, WorkerTotals } from "./worker-messages.js";

/**
 * - 0: every item is conserved, and the buffer is drained
 * - 2: the plan or its place cannot be used; nothing was made
 * - 3: conservation is broken, or items were lost with their medium
 * - 4: not drained by the deadline, or items are parked
 * - 5: a worker crashed
 * - 6: the transport is not available
 * - 129, 130, 143: ended by SIGHUP, SIGINT, SIGTERM, also when drained
 *
 * Where several hold, the first of 2, 6, 3, 5, 4, 129 to 143 counts.
 */
export type RunExitCode = 0 | 2 | 3 | 4 | 5 | 6 | 129 | 130 | 143;

/** The signals that a program hands on to `Run.stop`. */
export type EndSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

const SIGNAL_CODES: Record<EndSignal, RunExitCode> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** How long items were in the buffer before they were handed out, of those that say so; at most 1/16 too high. */
export interface TimeInBuffer {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How one worker did. */
export interface WorkerReport extends WorkerTotals {
  readonly name: string;
  readonly role: WorkerRole;
  readonly outcome: WorkerOutcome;
  /** How often it was started again. */
  readonly restarts: number;
  /** What it failed of, or crashed of last before it was started again. */
  readonly error?: ErrorText;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** As in the report of the run, of the items that this consumer took; not there where none of them had it. */
  readonly timeInBufferMs?: TimeInBuffer;
}

/** What a run found in the buffer that it took up. */
export interface FoundInBuffer {
  /** Ready or leased. */
  readonly remaining: number;
  readonly sealed: boolean;
}

/** One item that failed too often. */
export interface DeadLetterReport {
  readonly sequence: number;
  readonly reason: string;
  readonly deliveries: number;
  readonly failures: number;
}

/** Plain data, fit for `JSON.stringify`. */
export interface RunReport {
  readonly exitCode: RunExitCode;
  readonly transport: string;
  readonly capacity: number;
  /** Items accepted in this run, as the buffer counted; as the workers did, where it could not be asked. */
  readonly produced: number;
  readonly consumed: number;
  /** Ready or leased now. */
  readonly remaining: number;
  readonly parked: number;
  readonly dead: number;
  readonly discarded: number;
  /** Puts and acks whose outcome nobody could tell. */
  readonly unknown: number;
  /** Accepted, and nowhere any more. */
  readonly lost: number;
  /**
   * Items that were consumed though no worker said so: acked last by consumers that were killed, or with an outcome that the worker
   * could not learn. In `consumed`, and in no worker's row. 0 around a buffer that the run did not make, where others may have acked.
   */
  readonly untold: number;
  /** What was in the buffer when the run began; not there where the run made it. */
  readonly found?: FoundInBuffer;
  /** The most items the buffer ever held at once. Not there where the buffer could not be asked any more. */
  readonly peak?: number;
  readonly sealed: boolean;
  readonly drained: boolean;
  /** Items consumed a second, from the beginning of the run to its end. */
  readonly perSecond: number;
  /** Of at most one put of each producer in 5 ms; not there where none was taken. */
  readonly timeInBufferMs?: TimeInBuffer;
  /** The waits of all producers for room, and of all consumers for an item. */
  readonly waiting: Readonly<Record<"full" | "empty", Pick<WorkerTotals, "waits" | "waitedMs">>>;
  /** Dead letters in the buffer at the end, the oldest first; at most 100 are listed. */
  readonly deadLetters: readonly DeadLetterReport[];
  readonly restarts: number;
  /** The sums of the workers'. */
  readonly totals: WorkerTotals;
  readonly workers: readonly WorkerReport[];
  /** Where the accounts do not agree, and faults of the buffer: a sentence each. */
  readonly problems: readonly string[];
  /** Why the run ended before its time. */
  readonly endedBy?: string;
  readonly durationMs: number;
  /** The buffer is there, and this is where it is. Not there where it was destroyed, or is lost with its authority. */
  readonly kept?: BufferAddress;
}

/** What `reportOf` makes a report of. */
export interface RunOutcome {
  readonly transport: string;
  readonly capacity: number;
  /** The buffer could not be asked any more, and does not outlive its authority: what was in it is gone. */
  readonly isLost: boolean;
  /** The run made the buffer. */
  readonly isOurs: boolean;
  readonly before: BufferCounts;
  /** Undefined where the buffer could not be asked any more. */
  readonly after: BufferCounts | undefined;
  /** What the buffer did not do for the run. */
  readonly faults: readonly ErrorText[];
  readonly crew: readonly CrewMember[];
  readonly deadLetters: readonly BuriedItem<unknown>[];
  readonly signal: EndSignal | undefined;
  readonly endedBy: string | undefined;
  readonly durationMs: number;
}

export function reportOf(outcome: RunOutcome): Omit<RunReport, "kept"> {
  const { before, after, faults, crew, isOurs, capacity } = outcome;
  const workers = crew.map(workerReport);
  const totals = sumOfTotals(workers);
  const ledger =
    after === undefined
      ? { problems: [], untold: 0, lost: outcome.isLost ? lostWith(before, totals) : 0 }
      : audit(
          before,
          after,
          capacity,
          crew.map(({ account }) => account),
          isOurs,
        );
  const isSince = (name: "produced" | "consumed" | "dead" | "discarded") =>
    after === undefined ? 0 : after[name] - (isOurs ? 0 : before[name]);
  const remaining = after === undefined ? 0 : after.ready + after.leased;
  const sealed = after?.sealed ?? false;
  const facts = {
    produced: after === undefined ? totals.produced : isSince("produced"),
    consumed: after === undefined ? totals.consumed : isSince("consumed"),
    remaining,
    parked: after?.parked ?? 0,
    dead: isSince("dead"),
    discarded: isSince("discarded"),
    unknown: totals.unknown,
    lost: ledger.lost,
    untold: ledger.untold,
    ...(isOurs ? {} : { found: { remaining: before.ready + before.leased, sealed: before.sealed } }),
    ...(after === undefined ? {} : { peak: after.peak }),
    sealed,
    drained: sealed && remaining === 0,
    problems: [...new Set([...ledger.problems, ...faults.map(({ message }) => message)])],
  };
  return {
    exitCode: exitCodeOf({
      isUnavailable: after === undefined && ledger.lost === 0,
      isBroken: ledger.problems.length > 0 || ledger.lost > 0,
      isCrashed: workers.some((worker) => worker.outcome === "failed"),
      isLeft: !facts.drained || facts.parked > 0 || faults.length > 0,
      signal: outcome.signal,
    }),
    transport: outcome.transport,
    capacity,
    ...facts,
    perSecond: facts.consumed / (outcome.durationMs / 1000),
    ...timeInBuffer(crew.map(({ timesInBuffer }) => timesInBuffer)),
    waiting: { full: waitsOf("producer", workers), empty: waitsOf("consumer", workers) },
    deadLetters: outcome.deadLetters.map(({ sequence, reason, deliveries, failures }) => ({
      sequence,
      reason,
      deliveries,
      failures,
    })),
    restarts: crew.reduce((sum, { restarts }) => sum + restarts, 0),
    totals,
    workers,
    ...(outcome.endedBy === undefined ? {} : { endedBy: outcome.endedBy }),
    durationMs: outcome.durationMs,
  };
}

/** What was in a medium that is gone: what the run found there, and put, and did not consume. */
function lostWith(
  { ready, leased, parked, dead }: BufferCounts,
  { produced, consumed }: WorkerTotals,
): number {
  return Math.max(0, ready + leased + parked + dead + produced - consumed);
}

function exitCodeOf(is: {
  isUnavailable: boolean;
  isBroken: boolean;
  isCrashed: boolean;
  isLeft: boolean;
  signal: EndSignal | undefined;
}): RunExitCode {
  if (is.isUnavailable) return 6;
  if (is.isBroken) return 3;
  if (is.isCrashed) return 5;
  if (is.isLeft) return 4;
  return is.signal === undefined ? 0 : SIGNAL_CODES[is.signal];
}

function waitsOf(
  role: WorkerRole,
  workers: readonly WorkerReport[],
): Pick<WorkerTotals, "waits" | "waitedMs"> {
  const { waits, waitedMs } = sumOfTotals(workers.filter((worker) => worker.role === role));
  return { waits, waitedMs };
}

function timeInBuffer(parts: readonly DurationHistogram[]): Pick<RunReport, "timeInBufferMs"> {
  const times = new DurationHistogram();
  for (const part of parts) times.merge(part);
  const [p50, p99, max] = [0.5, 0.99, 1].map((part) => times.quantile(part));
  return p50 === undefined || p99 === undefined || max === undefined
    ? {}
    : { timeInBufferMs: { p50, p99, max } };
}

export function workerReport(member: CrewMember): WorkerReport {
  const { job, totals, outcome, restarts, error, exit, timesInBuffer } = member;
  return {
    name: job.name,
    role: job.role,
    outcome: outcome ?? "killed",
    restarts,
    ...totals,
    ...(error === undefined ? {} : { error }),
    exitCode: exit?.code ?? null,
    signal: exit?.signal ?? null,
    ...timeInBuffer([timesInBuffer]),
  };
}
