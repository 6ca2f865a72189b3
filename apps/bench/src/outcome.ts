/** What came of a run, by what its workers report. */

import { faultOf } from "./arrivals.js";
import type { CostsPerItem } from "./process-costs.js";
import type { UsagePerItem } from "./server-usage.js";
import { percentile } from "./statistics.js";
import type { Job, Report, Role } from "./worker-messages.js";
import type { Work } from "./works.js";

/** Figures only if every item arrived as it should. */
export type Outcome = Valid | { readonly isValid: false; readonly reason: string };

type Valid = { readonly isValid: true; readonly seconds: number } & UsagePerItem &
  CostsPerItem &
  ({ readonly itemsPerSecond: number } | RoundTrips);

interface RoundTrips {
  readonly p50Us: number;
  readonly p99Us: number;
  /** The slowest, of fewer than a thousand. */
  readonly p999Us: number;
}

/** What a run is compared by: items per second, or microseconds of the median round trip. */
export function figureOf(outcome: Outcome): number | undefined {
  if (!outcome.isValid) return undefined;
  return "itemsPerSecond" in outcome ? outcome.itemsPerSecond : outcome.p50Us;
}

/** @param jobs - whose reports they are, in the same order. */
export function judge(work: Work, jobs: readonly Job[], reports: readonly Report[]): Outcome {
  const of = (role: Role) => reports.filter((_, index) => jobs[index]?.role === role);
  if (work.kind === "round-trip") {
    const [caller] = of("caller");
    const times = caller?.roundTripsMs ?? [];
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    return {
      isValid: true,
      seconds,
      p50Us: percentile(times, 0.5) * 1000,
      p99Us: percentile(times, 0.99) * 1000,
      p999Us: percentile(times, 0.999) * 1000,
    };
  }
  const put = jobs[0]?.put ?? [];
  const arrivals = of("consumer").flatMap((report) => report.arrivals ?? []);
  const fault = faultOf(put, arrivals);
  if (fault !== undefined) return { isValid: false, reason: fault };
  const [producers, consumers] = [spanOf(of("producer")), spanOf(of("consumer"))];
  const lasted = work.isBacklog
    ? producers.endedAt - producers.startedAt + consumers.endedAt - consumers.startedAt
    : consumers.endedAt - producers.startedAt;
  const seconds = lasted / 1000;
  const items = put.reduce((sum, count) => sum + count, 0);
  return { isValid: true, seconds, itemsPerSecond: items / seconds };
}

// From the first that began to the last that ended.
function spanOf(reports: readonly Report[]): Pick<Report, "startedAt" | "endedAt"> {
  const startedAt = Math.min(...reports.map((report) => report.startedAt));
  return { startedAt, endedAt: Math.max(...reports.map((report) => report.endedAt)) };
}
