/** What a buffer is, written once when it is created: everyone who opens it reads it and acts by it. */

import { BufferError, type BufferSpec, show } from "@sluice/core";
import { LOCK_NAMES, type LockName } from "./lock-strategy.js";
import { flawError, isFlaw } from "./record.js";
import { readIfThere } from "./record-file.js";

export type Durability = "fsync" | "none";

export interface BufferHeader {
  readonly kind: "header";
  readonly id: string;
  readonly spec: BufferSpec;
  readonly durability: Durability;
  readonly lock: LockName;
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
  if (!LOCK_NAMES.includes(header.lock)) {
    const message = `The buffer takes turns by ${show(header.lock)}, which this version of the transport does not know`;
    throw new BufferError("VERSION_UNSUPPORTED", message, { transport: "file" });
  }
  return header;
}
