/** Verdicts as text, for a terminal. */

import { levelReached, type Standing } from "../group.js";
import type { Level } from "../rule.js";
import type { Verdict } from "../run-contract.js";
import { remark, took } from "../verdict-text.js";

/** One line for each rule: number, level, verdict, time, and the reason where there is one. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((one) => [one.rule, one.level, one.outcome, took(one), remark(one)]);
  return aligned([["rule", "level", "verdict", "time", ""], ...rows]);
}

/** One line for each group, and one that says how far it got. */
export function standingTable(standings: readonly Standing[], level: Level): string {
  const rows = standings.map(({ group, standing, passed, failed, unclaimed, notRun }) => [
    group,
    standing,
    ...[passed, failed, unclaimed, notRun].map(String),
  ]);
  const head = ["group", "", "passed", "failed", "not claimed", "not run"];
  return `${aligned([head, ...rows])}\n\nconformance at level ${level}: ${levelReached(standings)}`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
