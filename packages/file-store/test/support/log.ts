/** Below the port: the log itself, for what no port can bring about. */

import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CommitLog } from "../../dist/commit-log.js";
import { cutLog } from "../../dist/cut.js";
import { Faults } from "../../dist/faults.js";
import { idOfRoot, Layout, newHandleId } from "../../dist/layout.js";
import { isFlaw } from "../../dist/record.js";
import { readRecordFile, recordBytes } from "../../dist/record-file.js";
import { removeBuffer } from "../../dist/remove-buffer.js";
import { type Folder, NAME, spec } from "./ports.js";

export function layoutOf(folder: Folder): Layout {
  return new Layout(folder.place, idOfRoot(basename(folder.root)), new Faults(NAME));
}

/** A participant that does nothing by itself. */
export function logOf(folder: Folder, settings: Parameters<typeof spec>[0] = {}, durable = false): CommitLog {
  const log = new CommitLog({
    layout: layoutOf(folder),
    handle: newHandleId(),
    spec: spec(settings),
    durable,
  });
  log.catchUp();
  return log;
}

type Operations = Parameters<CommitLog["prepare"]>[0];

/** One commit that nobody is in the way of. */
export function commit(log: CommitLog, operations: Operations = [], items: readonly Uint8Array[] = []): void {
  log.catchUp();
  if (!log.publish(log.prepare(operations, items))) throw new Error("Expected nobody to be in the way");
}

/** Goes on in a new segment, and removes the one before the previous. */
export function cut(log: CommitLog): void {
  const before = log.segment;
  cutLog(log);
  if (log.segment === before) throw new Error("Expected the log to be cut");
}

/** As a handle destroys, but all of it before this returns. */
export function destroyAtOnce(folder: Folder): void {
  const layout = layoutOf(folder);
  const log = logOf(folder);
  commit(log, [{ op: "destroy" }]);
  log.space.close();
  removeBuffer(layout);
}

/** Names of the segments, the newest first. */
export function segmentsOf(folder: Folder): string[] {
  const base = (name: string) => Number(/\d+/.exec(name)?.[0]);
  const names = readdirSync(folder.root).filter((name) => name.startsWith("log."));
  return names.sort((a, b) => base(b) - base(a));
}

/** Writes another head into the place of a record's own. Its payload stays as it was. */
export function changeHead(path: string, change: (head: never) => unknown): void {
  const found = readRecordFile(path);
  if (isFlaw(found)) throw new Error(`Expected a record in ${path}`);
  const payload = found.bytes.subarray(found.payloadStart, found.payloadStart + found.payloadBytes);
  writeFileSync(path, recordBytes(change(found.head as never), [payload]));
}

/** As if the machine had been started again since everything in the buffer was written. */
export function forgeOtherBoot(folder: Folder): void {
  for (const name of segmentsOf(folder)) {
    changeHead(join(folder.root, name, "state"), (head: object) => ({ ...head, boot: "another-boot" }));
  }
}
