/** Results made by hand: what is printed, drawn and judged can then be said to the letter. */

import type { Run } from "../dist/measure.js";
import type { Outcome } from "../dist/outcome.js";
import type { CandidateInfo, Results, TableInfo } from "../dist/results.js";
import type { Work } from "../dist/works.js";

/** By candidate and work, the figures of its rounds: numbers, or outcomes where there is more to tell. */
export type ByHand = Readonly<
  Record<string, Readonly<Record<string, readonly (number | object | string)[]>>>
>;

/** A number is a figure of the work's kind, an object goes beside one, a text is why a run failed. */
export function resultsByHand(works: readonly Work[], byHand: ByHand, more: Partial<Results> = {}): Results {
  const names = Object.keys(byHand);
  const table: TableInfo = {
    title: "By hand",
    works: works.map(({ name }) => name),
    candidates: names,
    ratio: { kind: "against", name: names[0] as string },
    series: [],
  };
  const runs = names.flatMap((candidate) =>
    works.flatMap((work) =>
      (byHand[candidate]?.[work.name] ?? []).map(
        (figure, index): Run => ({
          ...{ work: work.name, candidate, round: index + 1, count: 10 },
          outcome: outcomeOf(work, figure),
        }),
      ),
    ),
  );
  return {
    format: 1,
    machine: {
      ...{ cpu: "by hand", cores: 2, memoryBytes: 2 ** 30, system: "Linux 6", architecture: "x64" },
      ...{ node: "v20", fileSystem: "ext4", date: "2026-01-02T03:04:05.678Z" },
    },
    rounds: 5,
    isQuick: false,
    candidates: names.map(infoOf),
    leftOut: [],
    works,
    tables: [table],
    runs,
    counted: [],
    diskSyncsPerSecond: [],
    ...more,
  };
}

function infoOf(name: string): CandidateInfo {
  const isOurs = !name.startsWith("peer") && name !== "naive";
  return { name, about: `what ${name} is`, bound: "strict", hasBatches: true, mayOverlap: true, isOurs };
}

function outcomeOf({ kind }: Work, figure: number | object | string): Outcome {
  if (typeof figure === "string") return { isValid: false, reason: figure };
  const value = typeof figure === "number" ? figure : 10;
  const figures =
    kind === "round-trip" ? { p50Us: value, p99Us: value * 2, p999Us: value * 3 } : { itemsPerSecond: value };
  return { isValid: true, seconds: 1, ...figures, ...(typeof figure === "object" ? figure : {}) } as Outcome;
}
