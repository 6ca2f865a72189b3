/** The account of a run with kills: from the workers' own records against the buffer's. */

import type { BufferCounts } from "@sluice/core";
import { type Operation, type SearchResult, summarizeHistory, type Violation } from "@sluice/history-checker";

export interface ChaosReport {
  readonly seed: number;
  readonly kills: number;
  readonly stops: number;
  /** How often a process came upon a failpoint for which it was armed, by what it did there: `SIGKILL at NAME`. */
  readonly struck: Readonly<Record<string, number>>;
  /** Puts that resolved. */
  readonly accepted: number;
  /** Plain takes that resolved, and acks that were confirmed. */
  readonly finished: number;
  /** Accepted items that nobody has. */
  readonly lost: number;
  /** Most items that may be lost: plain takes of killed consumers that never returned. */
  readonly lostMax: number;
  /** Items that were finished more than once. */
  readonly twice: number;
  /** Late acks that were refused, as they should. */
  readonly refused: number;
  readonly peak: number;
  /** What the complete search for an order said: `unknown`, that it gave up, is no pass of it. */
  readonly search: SearchResult["verdict"] | "not made";
  /** What should never have happened, in sentences; none if all was kept. */
  readonly safety: readonly string[];
  /** What should have happened at last, and did not. */
  readonly liveness: readonly string[];
}

export interface Evidence {
  readonly seed: number;
  readonly kills: number;
  readonly stops: number;
  readonly options: { readonly mode: "take" | "lease"; readonly capacity: number };
  readonly struck: Readonly<Record<string, number>>;
  /** Workers that ended although nobody killed them, in sentences. */
  readonly broken: readonly string[];
  /** Undefined where the buffer did not answer. */
  readonly counts: BufferCounts | undefined;
  /** The most items that anybody saw inside. */
  readonly most: number;
  readonly operations: readonly Operation[];
  readonly violations: readonly Violation[];
  /** What did not happen in time: then items may still be inside. */
  readonly liveness: readonly string[];
  /** Undefined where it is not made for so many processes or operations, or where a taker was stopped between two steps. */
  readonly search: SearchResult | undefined;
}

export function account(evidence: Evidence): ChaosReport {
  const { operations, counts, most, options, liveness } = evidence;
  const isOver = liveness.length === 0;
  const {
    accepted,
    open: unknownPuts,
    finished,
    openTakes: lostMax,
    ...summary
  } = summarizeHistory(operations);
  const missing = summary.lost;
  const twice = summary.duplicated.length;
  const open =
    lostMax +
    operations.filter(({ kind, outcome }) => kind === "ack" && (outcome ?? "unknown") === "unknown").length;
  const safety = [...evidence.broken, ...evidence.violations.map((one) => one.message)];
  if (evidence.search?.verdict === "violation") safety.push(evidence.search.explanation ?? "No order fits");

  const peak = Math.max(counts?.peak ?? 0, most);
  if (isOver && missing.length > lostMax) {
    const values = missing.slice(0, 10).join(", ");
    safety.push(`${missing.length} accepted items are lost, at most ${lostMax} may be: ${values}`);
  }
  if (twice > 0) safety.push(`${twice} items were finished twice`);
  if (peak > options.capacity) {
    safety.push(
      `The bound of ${options.capacity} was exceeded: a peak of ${counts?.peak}, and ${most} seen inside`,
    );
  }
  if (counts !== undefined)
    safety.push(...ledgerFaults(counts, isOver, { accepted, unknownPuts, finished, open }));
  return {
    seed: evidence.seed,
    kills: evidence.kills,
    stops: evidence.stops,
    struck: evidence.struck,
    accepted,
    finished,
    lost: isOver ? missing.length : 0,
    lostMax,
    twice,
    refused: operations.filter((one) => one.kind === "ack" && one.outcome === "lost").length,
    peak: counts?.peak ?? most,
    search: evidence.search?.verdict ?? "not made",
    safety,
    liveness,
  };
}

interface Known {
  readonly accepted: number;
  readonly unknownPuts: number;
  readonly finished: number;
  readonly open: number;
}

/** What the buffer counts against what the workers know. */
function ledgerFaults(counts: BufferCounts, isOver: boolean, known: Known): string[] {
  const { accepted, unknownPuts, finished, open } = known;
  const { produced, consumed, ready, leased, parked, dead, discarded } = counts;
  const inside = ready + leased + parked + dead + discarded;
  const faults: string[] = [];
  if (produced !== consumed + inside || (isOver && inside !== 0)) {
    faults.push(`The ledger does not balance, or something is left: ${JSON.stringify(counts)}`);
  }
  if (produced < accepted || produced > accepted + unknownPuts) {
    faults.push(
      `${produced} items were produced, the producers know of ${accepted}, and of ${unknownPuts} open ones`,
    );
  }
  if (consumed < finished || consumed > finished + open) {
    faults.push(
      `${consumed} items were consumed, the consumers know of ${finished}, and of ${open} open ones`,
    );
  }
  return faults;
}
