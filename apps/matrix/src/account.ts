/** Whether the items that handlers were done with are those that were produced: by their names, not by anybody's count. */

import type { RunReport } from "@sluice/core";

/** An item's name up to what it carries. */
const nameOf = (item: string): string => item.split(" ")[0] ?? "";

/**
 * What is wrong; empty where nothing is.
 *
 * @param done - each item as often as a handler was done with it.
 * @param facts - all that was produced, and how often an item was in hand again.
 */
export function accountFaults(
  done: readonly string[],
  { produced, missing, redelivered }: { produced: number; missing: number; redelivered: number },
): string[] {
  const faults: string[] = [];
  const names = new Set(done.map(nameOf));
  if (names.size < produced - missing)
    faults.push(
      `of ${produced} items ${missing} may be missing, and handlers were done with only ${names.size}`,
    );
  if (names.size > produced) faults.push(`handlers were done with ${names.size} items, of ${produced}`);
  const again = done.length - names.size;
  if (again > redelivered)
    faults.push(
      `handlers were done ${again} times with an item once more, of ${redelivered} that came again`,
    );
  if (missing === 0) faults.push(...gaps(names));
  return faults;
}

/** Each producer numbers its items from 1: those that came are the first so many. */
function gaps(names: ReadonlySet<string>): string[] {
  const numbers = new Map<string, number[]>();
  for (const name of names) {
    const [prefix = "", number] = name.split("-");
    numbers.set(prefix, [...(numbers.get(prefix) ?? []), Number(number)]);
  }
  return [...numbers].flatMap(([prefix, all]) =>
    Math.max(...all) === all.length
      ? []
      : [`of ${prefix}'s items ${all.length} came, the last is ${Math.max(...all)}`],
  );
}

/** What is wrong with a report by itself. */
export function reportFaults(report: RunReport, code: number | null): string[] {
  const { produced, consumed, remaining, parked, dead, discarded, lost, unknown, exitCode, totals } = report;
  const faults: string[] = [];
  const isKnown = report.peak !== undefined || lost > 0; // else the buffer could not be asked, and has it
  if (isKnown && produced !== consumed + remaining + parked + dead + discarded + lost)
    faults.push(
      `the report's counts do not add up: ${JSON.stringify({ produced, consumed, remaining, parked, dead, lost })}`,
    );
  if (exitCode !== code) faults.push(`the report has exit code ${exitCode}, the process ${code}`);
  if (lost === 0 && report.peak !== undefined && totals.produced !== produced)
    faults.push(
      `the producers' own account is ${totals.produced}, the buffer's ${produced}; ${unknown} unknown`,
    );
  if (lost === 0 && report.peak !== undefined && report.problems.length > 0)
    faults.push(`problems: ${report.problems.join("; ")}`);
  return faults;
}
