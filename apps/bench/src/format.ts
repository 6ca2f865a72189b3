/** Figures and columns as a person reads them. */

import type { Bound } from "./candidate.js";

export const BOUNDS: Readonly<Record<Bound, string>> = {
  strict: "strict",
  loose: "not strict",
  none: "no bound",
};

/** Three digits of it. */
export function showCount(count: number): string {
  return Number(count.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

export function showUs(us: number): string {
  return us < 1000 ? `${Number(us.toPrecision(3))} us` : `${Number((us / 1000).toPrecision(3))} ms`;
}

export function showMiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

export function showRatio(ratio: number): string {
  if (ratio < 0.95) return ratio.toPrecision(2);
  return ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString("en-US");
}

/** Words to the left, figures to the right: all columns after the first few. */
export function aligned(rows: readonly (readonly string[])[], leftColumns: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column < leftColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join("   ").trimEnd()}`;
  });
}
