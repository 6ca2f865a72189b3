/** Transports that are careless with their files, or whose authority is; each with the rule that fails it. */

import type { BufferTransport } from "@sluice/core";
import type { Harness } from "../../src/harness.js";

/** An authority that comes back without its newest item, or its only one. */
async function losesAnItem(transport: BufferTransport): Promise<void> {
  const port = await transport.open();
  const consumer = await port.consumer();
  await consumer.poll(1, { maxMs: 2000, signal: new AbortController().signal, onWait: () => {} });
  await port.close();
}

export interface BrokenMedium {
  readonly rule: string;
  /** Of `careless-file-transport.mjs`. */
  readonly fault: string;
  readonly message: RegExp;
  readonly restart?: Harness["restart"];
  /** What only many trials find. */
  readonly effort?: number;
  /** Of the first run, where few meet it: the draws are all there is to chance. */
  readonly seed?: number;
}

/** Which instant, what was lost of the disk, and what that cost. */
const LOST =
  /power went at line \d+ .+ with \d+ of \d+ unsynced changes lost \(.*item\..+\): .*bytes that nobody put/s;

export const brokenMedia: readonly BrokenMedium[] = [
  { rule: "DISK-1", fault: "early-answer", message: /Expected (to find|step)|was destroyed/ },
  { rule: "DISK-2", fault: "two-step-create", message: /It has settings, and nothing else/ },
  { rule: "DISK-3", fault: "no-checksum", message: /bytes that nobody put/, effort: 6 },
  { rule: "DISK-4", fault: "no-checksum", message: /bytes that nobody put/, effort: 6 },
  { rule: "DISK-3", fault: "starts-afresh", message: /Expected .*, got .*"produced":0/, effort: 6 },
  { rule: "DISK-4", fault: "starts-afresh", message: /Expected .*, got .*"produced":0/, effort: 6 },
  { rule: "DISK-3", fault: "unchecked-sequence", message: /got .*"lastSequence":/, effort: 6 },
  { rule: "DISK-4", fault: "unchecked-sequence", message: /got .*"lastSequence":/, effort: 6 },
  { rule: "DISK-3", fault: "unchecked-dead-letters", message: /got .*"dead":\[/, effort: 6, seed: 13 },
  { rule: "DISK-4", fault: "unchecked-dead-letters", message: /got .*"dead":\[/, effort: 6, seed: 3 },
  { rule: "DISK-5", fault: "needs-room-to-take", message: /STORAGE_FULL/ },
  { rule: "DISK-6", fault: "swallows-errors", message: /Expected step|bytes that nobody put/, effort: 20 },
  { rule: "DISK-7", fault: "no-loop", message: /bytes that nobody put/ },
  { rule: "DISK-8", fault: "syncs-after-its-answer", message: LOST },
  { rule: "DISK-8", fault: "renames-unsynced", message: LOST },
  { rule: "DISK-8", fault: "syncs-no-directory", message: LOST },
  { rule: "DISK-8", fault: "syncs-data-last", message: LOST },
  { rule: "DURABLE-1", fault: "forgets-deliveries", message: /Expected/ },
  { rule: "DURABLE-2", fault: "early-answer", message: /Expected|lost|produced/ },
  { rule: "DURABLE-3", fault: "none", message: /Expected to find/, restart: losesAnItem },
  { rule: "DURABLE-4", fault: "none", message: /lost|consumed/, restart: losesAnItem },
];
