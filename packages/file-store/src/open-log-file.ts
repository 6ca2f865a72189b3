/** From the head of a segment to its log file. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, type Faults } from "./faults.js";
import { LogFile } from "./log-file.js";
import type { LoadedSegment, LogHead } from "./segment.js";

export function logPath(segmentPath: string, file: number): string {
  return join(segmentPath, `log.${file}`);
}

/**
 * Opens it; undefined if the segment has been removed since its head was read.
 *
 * @param window - memory to read into, of the file before.
 * @throws BufferError `DATA_CORRUPT`, `STORAGE_FAILED`.
 */
export function openLogFile(
  [segment, , { log }]: LoadedSegment,
  faults: Faults,
  window: Buffer | undefined,
): { readonly head: LogHead; readonly file: LogFile } | undefined {
  if (!isWhole(log)) throw faults.flaw("torn", segment.path);
  const path = logPath(segment.path, log.file);
  try {
    return { head: log, file: new LogFile(path, log, faults, window) };
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw faults.storage(error, "Opening the log");
    if (existsSync(segment.path)) throw faults.flaw("torn", path);
    return undefined;
  }
}

// A path that leads out of the buffer is none that was written by us.
function isWhole(log: LogHead | undefined): log is LogHead {
  if (log === undefined || !Array.isArray(log.places) || !/^[0-9a-f]{16}$/.test(log.filler)) return false;
  return [log.file, log.bytes, log.begin, ...log.places.flat()].every(Number.isSafeInteger);
}
