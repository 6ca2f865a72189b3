/** What a buffer is, written once when it is created: everyone who opens it reads it and acts by it. */

import { BufferError, type BufferSpec, show } from "@sluice/core";
import { flawError, isFlaw } from "./record.js";
import { readIfThere } from "./record-file.js";

export type Durability = "fsync" | "none";

/** How turns are taken. Part of the header, so that all processes take the same turns. */
type LockStrategy = "proper-lockfile";

export interface BufferHeader {
  readonly kind: "header";
  readonly id: string;
  readonly spec: BufferSpec;
  readonly durability: Durability;
  readonly lock: LockStrategy;
}

/**
 * Undefined if there is none.
 *
 * @throws BufferError `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `DATA_CORRUPT`; the system's error.
 */
export function readHeader(path: string, id: string): BufferHeader | undefined {
  const found = readIfThere(path);
  if (found === undefined) return undefined;
  if (isFlaw(found)) throw flawError(found, path);
  const header = found.head as BufferHeader;
  if (header.kind !== "header" || header.id !== id) throw flawError("torn", path);
  if (header.lock !== "proper-lockfile") {
    const message = `The buffer takes turns by ${show(header.lock)}, which this version of the transport does not know`;
    throw new BufferError("VERSION_UNSUPPORTED", message, { transport: "file" });
  }
  return header;
}
