/** A buffer for one run of a script: made, handed to the child process, and looked at afterwards. */

import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BufferAddress, type BufferTransport, completeSpec } from "@sluice/core";
import type { RuleContext } from "../kit/context.js";
import { equal, fail } from "../kit/expect.js";
import { temporaryFolder } from "../kit/temporary-folder.js";
import { messageOf } from "../verdict-text.js";
import { inspect } from "./inspect.js";
import { type Done, SETTINGS, type Step } from "./script.js";
import type { Job } from "./script-main.js";
import { possibleStates } from "./script-model.js";
import { CALLS, runScript, type ScriptEnd, type Site, sitesIn } from "./strace.js";

export interface Arena {
  readonly transport: BufferTransport;
  readonly address: BufferAddress;
  readonly job: Job;
  readonly script: readonly Step[];
}

/** What a child process wrote down. */
export interface Record {
  /** `made`, `ready`, `over`, `refused CODE`. */
  readonly marks: readonly string[];
  readonly done: readonly Done[];
}

/** A folder for scripts, records and logs, which is gone after the rule; not where buffers are. */
export function folderFor(t: RuleContext): string {
  return realpathSync(temporaryFolder(t, "sluice-script-"));
}

let count = 0;

/** A new buffer. */
export async function arenaFor(t: RuleContext, folder: string, script: readonly Step[]): Promise<Arena> {
  const transport = await t.transport();
  const address = await transport.create(completeSpec(SETTINGS, "bytes"), t.harness.wishes ?? {});
  const path = join(folder, String(++count));
  writeFileSync(`${path}.script`, JSON.stringify(script));
  writeFileSync(`${path}.record`, "");
  const job = { address, script: `${path}.script`, record: `${path}.record` };
  return { transport, address, job, script };
}

/** Of the buffer's files, without links in its path. */
export function directoryOf(t: RuleContext, transport: BufferTransport): string {
  const directory = t.harness.directory?.(transport) ?? fail("Expected the harness to name a directory");
  return realpathSync(directory);
}

export function recordOf({ record }: Job): Record {
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return {
    marks: lines.filter((line) => !line.startsWith("{")),
    done: lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Done),
  };
}

/** @returns what it wrote down. @throws RuleBroken if that is not all. */
export function cameToItsEnd(job: Job, { code, signal, said }: ScriptEnd): Record {
  const record = recordOf(job);
  const last = record.marks.at(-1);
  if (code !== 0 || last !== "over")
    fail(`Expected the script to come to its end, it ended with ${code ?? signal} and ${last}: ${said}`);
  return record;
}

/** Runs the script untouched. @returns its system calls on the buffer's files. */
export async function sitesOf(t: RuleContext, arena: Arena, job: Job = arena.job): Promise<Site[]> {
  const log = `${job.record}.log`;
  const trace = `trace=${CALLS.join(",")}`;
  const end = await runScript(t, job, { strace: [{ options: ["-y", "-o", log, "-e", trace] }] });
  cameToItsEnd(job, end);
  const sites = sitesIn(readFileSync(log, "utf8"), directoryOf(t, arena.transport), end.threads);
  if (sites.length === 0)
    fail("Expected system calls on the buffer's files in the declared directory, saw none");
  return sites;
}

/** Opens it again: is it what it may be, does it go on, and does it go away? @param roundsMax - as of `inspect`. */
export async function afterwards(
  t: RuleContext,
  arena: Arena,
  ended: boolean,
  roundsMax?: number,
): Promise<void> {
  const { done } = recordOf(arena.job);
  const possible = possibleStates(arena.script, done, SETTINGS.capacity, ended).at(-1) ?? [];
  const port = await t.soon(arena.transport.open(arena.address), "the opening afterwards");
  t.defer(() => port.close());
  await t.within(inspect(t, port, possible, { roundsMax }), 2, "looking at the buffer afterwards");
  await t.soon(port.destroy(), "the destroy");
  equal(await (t.harness.leftovers?.(arena.transport) ?? []), [], "what is left of the destroyed buffer");
}

/** With the place in the message: which run it was. */
export async function at<T>(where: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    return fail(`${where}: ${messageOf(error)}`);
  }
}
