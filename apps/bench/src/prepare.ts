/** Who can be measured here; the others are left out by name, with what would help. */

import type { Candidate, Readiness, Scratch } from "./candidate.js";
import type { Work } from "./works.js";

/** Of the candidates that were asked for. */
export interface Field {
  readonly ready: readonly { readonly candidate: Candidate; readonly version: string | undefined }[];
  readonly leftOut: readonly {
    readonly candidate: Candidate;
    readonly why: string;
    readonly install: string | undefined;
  }[];
}

export async function prepare(candidates: readonly Candidate[], scratch: Scratch): Promise<Field> {
  const ready: Field["ready"][number][] = [];
  const leftOut: Field["leftOut"][number][] = [];
  for (const candidate of candidates) {
    const readiness: Readiness = (await candidate.prepare?.(scratch)) ?? { isReady: true };
    if (readiness.isReady) ready.push({ candidate, version: readiness.version });
    else leftOut.push({ candidate, why: readiness.why, install: readiness.install });
  }
  return { ready, leftOut };
}

/** As they are printed: a candidate, and also one that only some of the works make no sense for. */
export function leftOutLines({ ready, leftOut }: Field, works: readonly Work[]): string[] {
  const whole = leftOut.map(({ candidate, why, install }) => {
    const help = install === undefined ? "" : `. To have it: ${install}`;
    return `Left out: ${candidate.name}: ${why}${help}`;
  });
  const parts = ready.flatMap(({ candidate }) => {
    const reasons = works.flatMap((work) => candidate.unsuited?.(work) ?? []);
    return [...new Set(reasons)].map((reason) => `Not shown: ${candidate.name} ${reason}`);
  });
  return [...whole, ...parts];
}
