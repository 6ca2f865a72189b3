/** What came of the measuring, as it is written to a file and read from one: all that tables, pages and comparisons need. */

import { readFileSync } from "node:fs";
import type { Bound, Candidate } from "./candidate.js";
import type { Machine } from "./machine.js";
import type { Measured, Run } from "./measure.js";
import type { Ratio, Table } from "./plan.js";
import type { Field } from "./prepare.js";
import type { Work } from "./works.js";

/** Raised when a file of before can no longer be read as one of now. */
const FORMAT = 1;

export interface CandidateInfo {
  readonly name: string;
  readonly about: string;
  readonly bound: Bound;
  readonly hasBatches: boolean;
  readonly mayOverlap: boolean;
  /** A peer otherwise, which is frozen. */
  readonly isOurs: boolean;
  /** Of what is measured, where it is not ours. */
  readonly version?: string;
}

export interface TableInfo {
  readonly title: string;
  /** Names, as those of the candidates. */
  readonly works: readonly string[];
  readonly candidates: readonly string[];
  readonly ratio: Ratio;
  readonly series: readonly SeriesInfo[];
}

export interface SeriesInfo {
  readonly name: string;
  readonly title: string;
  readonly points: readonly { readonly size: number; readonly work: string }[];
}

export interface Results extends Measured {
  readonly format: typeof FORMAT;
  readonly machine: Machine;
  /** Whether runs are so short that they only show that it works. */
  readonly isQuick: boolean;
  readonly candidates: readonly CandidateInfo[];
  readonly leftOut: readonly { readonly name: string; readonly why: string; readonly install?: string }[];
  readonly works: readonly Work[];
  readonly tables: readonly TableInfo[];
}

export function resultsOf(
  { machine, isQuick }: Pick<Results, "machine" | "isQuick">,
  field: Field,
  tables: readonly Table[],
  measured: Measured,
): Results {
  const works = new Map(tables.flatMap((table) => table.works).map((work) => [work.name, work]));
  return roundedAll({
    format: FORMAT,
    machine,
    isQuick,
    candidates: field.ready.map(({ candidate, version }) => infoOf(candidate, version)),
    leftOut: field.leftOut.map(({ candidate: { name }, why, install }) => ({
      name,
      why,
      ...(install && { install }),
    })),
    works: [...works.values()],
    tables: tables.map(({ title, works: own, candidates, ratio, series }) => ({
      title,
      works: own.map(({ name }) => name),
      candidates: candidates.map(({ name }) => name),
      ratio,
      series: series.map(({ points, ...named }) => ({
        ...named,
        points: points.map(({ size, work }) => ({ size, work: work.name })),
      })),
    })),
    ...measured,
  });
}

function infoOf(candidate: Candidate, version: string | undefined): CandidateInfo {
  const { name, about, bound, isOurs = false, hasBatches, mayOverlap = false } = candidate;
  return { name, about, bound, isOurs, hasBatches, mayOverlap, ...(version !== undefined && { version }) };
}

// No figure is known better than that, and files of thousands of runs are kept.
const DIGITS = 5;

// At once, so that what is shown now is what a file will show later.
function roundedAll(results: Results): Results {
  return JSON.parse(JSON.stringify(results, rounded)) as Results;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}

/** A run a line: a person finds one, and what changed from one file to another shows. */
export function resultsText(results: Results): string {
  const { runs, counted, ...rest } = results;
  const lines = (all: readonly Run[]) => all.map((run) => `\n    ${JSON.stringify(run)}`).join(",");
  const head = JSON.stringify(rest, undefined, 2).slice(0, -"\n}".length);
  return `${head},\n  "counted": [${lines(counted)}\n  ],\n  "runs": [${lines(runs)}\n  ]\n}\n`;
}

/** The works of a table, and its rows, in the order of all. */
export function partsOf(
  { works, candidates }: Results,
  table: TableInfo,
): Pick<Results, "works" | "candidates"> {
  return {
    works: works.filter(({ name }) => table.works.includes(name)),
    candidates: candidates.filter(({ name }) => table.candidates.includes(name)),
  };
}

const LISTS = ["candidates", "leftOut", "works", "tables", "runs", "counted", "diskSyncsPerSecond"] as const;

/** @throws Error if it is none, or another format. */
export function readResults(path: string): Results {
  const value = JSON.parse(readFileSync(path, "utf8")) as Partial<Results> | null;
  const format = value?.format;
  if (format !== undefined && format !== FORMAT)
    throw new Error(`their format is ${format}, and ${FORMAT} is read here`);
  const isWhole = value?.machine?.date !== undefined && LISTS.every((name) => Array.isArray(value[name]));
  if (format === undefined || !isWhole) throw new Error("these are no results of this benchmark");
  return value as Results;
}
