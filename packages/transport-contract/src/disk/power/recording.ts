/** A script's process, with every change that it makes to the buffer's files, and what it was told when. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../kit/expect.js";
import { Unable } from "../../rule.js";
import { cameToItsEnd } from "../arena.js";
import { type Done, SETTINGS, type Step } from "../script.js";
import type { Job } from "../script-main.js";
import { emptyState, possibleStates, type State } from "../script-model.js";
import { startScript } from "../strace.js";
import type { Mark } from "./crash-draw.js";
import { crashState } from "./crash-state.js";
import { FileChanges } from "./file-changes.js";
import { differenceOf, readTree } from "./file-tree.js";
import { descriptorIn, STRACE_OPTIONS, TRACED, tracedCalls } from "./traced-calls.js";

export interface Recording {
  readonly files: FileChanges;
  readonly marks: readonly Mark[];
  /** What may be there when the power goes before that line; `isThere`: its maker has been told that it is there. */
  possibleAt(line: number): { readonly states: readonly State[]; readonly isThere: boolean };
}

interface Recorded {
  readonly job: Job;
  readonly script: readonly Step[];
  readonly directory: string;
  /** What the buffer may be before it. Undefined: its process makes it. */
  readonly from: readonly State[] | undefined;
}

let count = 0;

/** Runs it to its end, over what lies in the directory, all of which counts as synced. */
export async function record(folder: string, { job, script, directory, from }: Recorded): Promise<Recording> {
  const path = join(folder, `power-${++count}`);
  writeFileSync(`${path}.script`, JSON.stringify(script));
  writeFileSync(`${path}.record`, "");
  const files = new FileChanges(directory, readTree(directory));
  const own = { ...job, script: `${path}.script`, record: `${path}.record` };
  const options = [...STRACE_OPTIONS, "-o", `${path}.log`, "-e", `trace=${TRACED.join(",")}`];
  cameToItsEnd(own, await startScript(own, { strace: [{ options }] }).end);

  const marks: (Mark & { readonly said: string })[] = [];
  for (const traced of tracedCalls(readFileSync(`${path}.log`, "latin1"))) {
    if (descriptorIn(traced.args[0]).path === own.record) {
      const text = String(traced.data).trimEnd();
      marks.push({ line: traced.begin, said: text, ...worded(text, script) });
    } else files.add(traced);
  }
  rmSync(`${path}.log`);
  const seen = crashState(files, Infinity, new Map());
  const difference = differenceOf(seen, readTree(directory));
  if (difference !== undefined)
    throw new Unable(
      `${difference} was written to in a way that no system call shows, or none that is followed`,
    );
  if (files.changes.length === 0)
    fail("Expected system calls on the buffer's files in the declared directory, saw none");
  return {
    files,
    marks,
    possibleAt(line) {
      const told = marks.filter((mark) => mark.line < line).map((mark) => mark.said);
      const done = told.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text) as Done);
      const ended = done.length === script.length;
      const all = possibleStates(script, done, SETTINGS.capacity, ended, from ?? [emptyState()]);
      return { states: all.at(-1) ?? [], isThere: from !== undefined || told.includes("made") };
    },
  };
}

function worded(said: string, script: readonly Step[]): { text: string; shape: string } {
  if (!said.startsWith("{")) return { text: `the process was told "${said}"`, shape: said };
  const { step, answer, outcome } = JSON.parse(said) as Done;
  const what = script[step]?.do ?? "";
  return {
    text: `step ${step + 1}, ${what}, was answered ${answer || outcome}`,
    shape: `${what} ${outcome} ${answer.replace(/\d+/g, "#")}`,
  };
}
