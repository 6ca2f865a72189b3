/** What is to be measured: tables, each of some candidates that are given some works. */

import type { Candidate } from "./candidate.js";
import type { Series } from "./growth.js";
import type { Work } from "./works.js";

/** The last column: how many times the named one each is (`against`), or the named one is each (`lead`). */
export interface Ratio {
  readonly kind: "against" | "lead";
  readonly name: string;
}

export interface Table {
  /** For `--set`. */
  readonly name: string;
  /** Above its blocks. */
  readonly title: string;
  readonly candidates: readonly Candidate[];
  readonly works: readonly Work[];
  readonly ratio: Ratio;
  /** Whether its runs are made once more to count the system calls. */
  readonly countsSystemCalls: boolean;
  /** What grows in its works, where it is about that; their figures are then by the item. */
  readonly series: readonly Series[];
}
