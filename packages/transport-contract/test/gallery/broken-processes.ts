// Transports that are wrong between processes, and the rules that have to say so.
import { join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import { type Harness, inDirectories } from "../../dist/index.js";

export interface BrokenBetweenProcesses {
  readonly what: string;
  /** The rules that name it. */
  readonly rules: readonly string[];
  readonly harness: () => Harness;
}

// Plain JavaScript, since child processes load it: from where it is, also when this was compiled to somewhere else.
const racy = new URL("../../test/gallery/racy-file-transport.mjs", import.meta.url);
const brokenFile = new URL("../../test/gallery/broken-file-transport.mjs", import.meta.url);
const { racyFileTransport } = (await import(racy.href)) as {
  racyFileTransport(options: { path: string; locked: boolean }): BufferTransport;
};
const { brokenFileTransport } = (await import(brokenFile.href)) as {
  brokenFileTransport(options: { path: string; fault: string }): BufferTransport;
};

/** Read, change, write: with a turn for each that does, or without. */
export function racyHarness(locked: boolean): Harness {
  const made = (path: string) => racyFileTransport({ path, locked });
  return {
    ...inDirectories((directory) => made(join(directory, "buffer.json"))),
    capabilities: made(".").capabilities,
  };
}

/** The file transport with a fault; `none` is one too. */
export function brokenFileHarness(fault: string): Harness {
  const made = (path: string) => brokenFileTransport({ path, fault });
  return {
    ...inDirectories((directory) => made(join(directory, "buffer"))),
    capabilities: made(".").capabilities,
    wishes: { durability: "none" },
    failpoints: ["broken.between"],
  };
}

const file = (fault: string, what: string, ...rules: string[]): BrokenBetweenProcesses => ({
  what,
  rules,
  harness: () => brokenFileHarness(fault),
});

export const brokenBetweenProcesses: readonly BrokenBetweenProcesses[] = [
  {
    what: "has processes that overwrite each other",
    rules: ["PROC-1", "PROC-2", "PROC-3"],
    harness: () => racyHarness(false),
  },
  file("ahead", "has items in hand that nobody asked for", "PROC-4", "PROC-19"),
  file("deaf", "does not hear what other processes put", "PROC-5"),
  file("deaf to the seal", "does not hear the seal of another process", "PROC-6", "PROC-7"),
  file("late is last", "has nothing for those who come after the seal", "PROC-8"),
  file(
    "a line of takes",
    "serves takes in a line that the dead and the stopped stay in",
    "PROC-9",
    "PROC-14",
  ),
  file("a line of puts", "serves puts in a line that the dead stay in", "PROC-10"),
  file("forgives the dead", "counts no failure for a death", "PROC-11"),
  file("keeps what the dead held", "keeps back for long what a dead holder had", "PROC-12"),
  file("settles anything", "accepts a late ack of another process", "PROC-13"),
  file(
    "creates over others",
    "looks whether there is a buffer, and creates a little later",
    "PROC-15",
    "PROC-16",
  ),
  file("destroys nothing", "leaves other processes to a buffer that was destroyed", "PROC-17"),
  file("keeps its process", "has a timer that keeps every process alive", "PROC-18"),
  file("acks what it hands out", "takes a leased item for done", "PROC-20"),
  file("a lock for ever", "has a lock that outlives its holder", "PROC-21"),
  file("two steps", "finishes what was handed to others while it was stopped", "PROC-21"),
  file("ghosts", "counts the waiting calls of the dead", "PROC-22"),
  file("just leaves", "gives nothing back when a handle is closed", "PROC-23"),
  file("counts one by one", "makes up a snapshot of two looks", "PROC-24"),
  file("hoards", "keeps in each process what it took to hand out its items", "STRESS-6"),
];
