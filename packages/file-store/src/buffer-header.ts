/** What a buffer is, written once when it is created: everyone who opens it reads it and acts by it. */

import { type BufferSpec, show } from "@sluice/core";
import type { Layout } from "./layout.js";
import { LOCK_NAMES, type LockName } from "./lock-strategy.js";
import { isFlaw } from "./record.js";
import { readIfThere } from "./record-file.js";

/** What a call waits for before it resolves: with `fsync` until the disk has it, with `none` until the system has it. */
export type Durability = "fsync" | "none";

/** What a store is made with, for good. */
export interface StoreSettings {
  readonly spec: BufferSpec;
  readonly durability: Durability;
  /** How processes keep out of each other's way. */
  readonly lock: LockName;
}

export interface BufferHeader extends StoreSettings {
  readonly kind: "header";
  readonly id: string;
}

/**
 * Undefined if there is none.
 *
 * @throws BufferError `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `DATA_CORRUPT`; the system's error.
 */
export function readHeader({ header: path, id, faults }: Layout): BufferHeader | undefined {
  const found = readIfThere(path, faults);
  if (found === undefined) return undefined;
  if (isFlaw(found)) throw faults.flaw(found, path);
  const header = found.head as BufferHeader;
  if (header.kind !== "header" || header.id !== id) throw faults.flaw("torn", path);
  if (!LOCK_NAMES.includes(header.lock)) {
    const message = `The buffer takes turns by ${show(header.lock)}, which this version of the transport does not know`;
    throw faults.of("VERSION_UNSUPPORTED", message);
  }
  return header;
}
