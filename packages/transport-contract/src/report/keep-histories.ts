/** Histories of a failure, kept as files: what was seen once may not be seen again soon. */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operation } from "@sluice/history-checker";
import type { KeptHistory } from "./kept-history.js";

/**
 * Each history in a folder of its own, which `readHistory` of the checker reads, with its marks and its capacity beside it.
 *
 * @param parent - made if it is not there. Default: `SLUICE_HISTORIES`, else where the system has its temporary files.
 * @returns the folder that has them all.
 */
export function keepHistories(
  name: string,
  histories: readonly KeptHistory[],
  parent: string = process.env["SLUICE_HISTORIES"] || tmpdir(),
): string {
  mkdirSync(parent, { recursive: true });
  const kept = mkdtempSync(join(parent, `sluice-${name}-`));
  for (const [n, { operations, ...about }] of histories.entries()) {
    const folder = join(kept, String(n + 1));
    mkdirSync(folder);
    writeFileSync(join(folder, "about.json"), `${JSON.stringify(about, undefined, 2)}\n`);
    for (const [process, lines] of linesOf(operations)) {
      writeFileSync(
        join(folder, `${process}.jsonl`),
        lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
      );
    }
  }
  return kept;
}

/** As each process would have written them: in the order of their times. */
function linesOf(operations: readonly Operation[]): Map<string, object[]> {
  const timed = operations
    .flatMap((one) => {
      const { process, id, kind, invokedAt, returnedAt, outcome, ...told } = one;
      const begun = { at: invokedAt, process, line: { inv: id, kind, at: String(invokedAt), ...told } };
      if (outcome === undefined) return [begun];
      return [
        begun,
        { at: returnedAt, process, line: { ret: id, at: String(returnedAt), outcome, ...told } },
      ];
    })
    .sort((a, b) => a.at - b.at);
  const lines = new Map<string, object[]>();
  for (const { process, line } of timed) {
    const own = lines.get(process);
    if (own === undefined) lines.set(process, [line]);
    else own.push(line);
  }
  return lines;
}
