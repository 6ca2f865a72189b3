/** The account of a history, item by item: what became of everything that went in. */

import { acceptedOf, certainlyInside } from "./check-history.js";
import { mostOverlap } from "./intervals.js";
import { itemsOf, mayBePut } from "./item-history.js";
import { effectOf, type Operation } from "./operation.js";
import { validateOperations } from "./read-history.js";

/** In the words of Jepsen's total-queue checker; values are in the order in which the history first names them. */
export interface HistorySummary {
  /** Puts that returned ok. */
  readonly accepted: number;
  /** Items whose puts may have taken place: killed, or of unknown outcome. */
  readonly open: number;
  /** Plain takes that returned an item, and acks that were accepted. */
  readonly finished: number;
  /** Accepted, and nobody took or acked it, nor may have acked it. */
  readonly lost: readonly string[];
  /** Came out, and was never put, or its put was refused. */
  readonly unexpected: readonly string[];
  /** Taken or acked more than once. */
  readonly duplicated: readonly string[];
  /** Came out, although nobody could say whether its put had taken place. No fault. */
  readonly recovered: readonly string[];
  /** Plain takes that may have an item in hand: so many may be lost without a fault. */
  readonly openTakes: number;
  /** Late settlements that were refused. */
  readonly refused: number;
  /** See `peakOf`. */
  readonly peak: number;
}

/** @throws HistoryError for a history that cannot be. */
export function summarizeHistory(operations: readonly Operation[]): HistorySummary {
  validateOperations(operations);
  const items = itemsOf(operations);
  const named = (holds: (item: (typeof items)[number]) => boolean) =>
    items.filter(holds).map((item) => item.value);
  const effect = ({ put }: (typeof items)[number]) => put && effectOf(put);
  return {
    accepted: items.filter((item) => effect(item) === "yes").length,
    open: items.filter((item) => effect(item) === "maybe").length,
    finished: items.reduce((sum, item) => sum + item.removals.length, 0),
    lost: named(
      (item) => effect(item) === "yes" && item.removals.length === 0 && item.maybeRemovals.length === 0,
    ),
    unexpected: named(
      (item) => item.handOuts.length > 0 && (effect(item) === undefined || effect(item) === "no"),
    ),
    duplicated: named((item) => item.removals.length > 1),
    recovered: named((item) => item.handOuts.length > 0 && effect(item) === "maybe"),
    openTakes: operations.filter((one) => one.kind === "take" && effectOf(one) === "maybe").length,
    refused: operations.filter((one) => one.outcome === "lost").length,
    peak: peakOf(operations),
  };
}

/**
 * The most items that were certainly inside at one instant, derived from the history alone: no honest peak is less.
 *
 * @throws HistoryError for a history that cannot be.
 */
export function peakOf(operations: readonly Operation[]): number {
  return peakBounds(operations).least;
}

/**
 * The most items that certainly were inside at one instant, and the most that may have been: an exact peak is between the two.
 *
 * @throws HistoryError for a history that cannot be.
 */
export function peakBounds(operations: readonly Operation[]): {
  readonly least: number;
  readonly most: number;
} {
  validateOperations(operations);
  const items = itemsOf(operations);
  const possible = items.filter(mayBePut);
  return {
    least: mostOverlap(acceptedOf(items).map(certainlyInside)).count,
    most: mostOverlap(possible.map(({ putAfter, outBefore }) => ({ from: putAfter, to: outBefore }))).count,
  };
}
