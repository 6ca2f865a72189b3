/** Whether a run conserved its items: the transport's counts against themselves, and against the workers' own accounts. */

import type { BufferCounts } from "../transport.js";
import { UNREPORTED_MAX } from "./journal.js";
import type { WorkerTotals } from "./worker-messages.js";

/** What the ledger needs to know of a worker. */
export interface LedgerEntry {
  readonly totals: WorkerTotals;
  readonly isProducer: boolean;
  /** Most items it may have in hand, or under way, at once. */
  readonly inHandMax: number;
  /** Its lives that ended without a last word: what each did last is not in the account. */
  readonly openAccounts: number;
}

export interface Ledger {
  /** What is wrong, a sentence each; empty where all items are conserved. */
  readonly problems: readonly string[];
  /** Items that were accepted and are nowhere. */
  readonly lost: number;
  /** Acks that the buffer counted and no worker told of; 0 where others may have acked. */
  readonly untold: number;
}

/**
 * The identity `produced = consumed + ready + leased + parked + dead + discarded`; the bound; and the two inequalities
 * `accepted <= produced <= accepted + unknown` and `finished <= consumed <= finished + unknown`.
 *
 * @param before - the counts when the run began; others may have used the buffer already.
 * @param isOurs - the run made the buffer, so that nobody else's work is expected in it.
 */
export function audit(
  before: BufferCounts,
  after: BufferCounts,
  capacity: number,
  entries: readonly LedgerEntry[],
  isOurs: boolean,
): Ledger {
  const problems: string[] = [];
  const { produced, consumed, ready, leased, parked, dead, discarded, peak } = after;
  const accounted = consumed + ready + leased + parked + dead + discarded;
  if (produced !== accounted) {
    problems.push(
      `${produced} produced are not ${consumed} consumed + ${ready} ready + ${leased} leased + ${parked} parked + ` +
        `${dead} dead + ${discarded} discarded`,
    );
  }
  if (ready + leased + parked > capacity) {
    problems.push(`${ready + leased + parked} items are in a buffer of at most ${capacity}`);
  }
  if (peak > capacity) problems.push(`the peak was ${peak} in a buffer of at most ${capacity}`);

  for (const side of ["produced", "consumed"] as const) {
    const told = entries.filter((entry) => entry.isProducer === (side === "produced"));
    const least = told.reduce((sum, { totals }) => sum + totals[side], 0);
    const open = told.reduce((sum, entry) => sum + openItems(entry), 0);
    const counted = after[side] - before[side];
    if (counted < least) {
      problems.push(`the workers ${side} ${least}, the buffer counted ${counted}`);
    } else if (isOurs && counted > least + open) {
      problems.push(
        `the buffer counted ${counted} ${side}, the workers ${least} and at most ${open} unknown`,
      );
    }
  }
  const told = entries.reduce((sum, { totals }) => sum + totals.consumed, 0);
  return {
    problems,
    lost: Math.max(0, produced - accounted),
    untold: isOurs ? Math.max(0, consumed - before.consumed - told) : 0,
  };
}

/** Most items that it may have put, or acked, beyond its account. */
function openItems({ totals, inHandMax, openAccounts }: LedgerEntry): number {
  return totals.unknown + openAccounts * (UNREPORTED_MAX + inHandMax);
}
