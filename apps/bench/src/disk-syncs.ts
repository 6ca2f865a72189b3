/**
 * What the disk itself allows to whoever syncs each item: 64 bytes appended to a file that is already as long as it will
 * be, and fdatasync, one after the other.
 */

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ITEM_BYTES_DEFAULT } from "./item.js";

const FILE_BYTES = 1 << 20;
const WARM_UP = 20;

/** Syncs per second. */
export function diskSyncsPerSecond(directory: string, lastsMs = 500): number {
  const path = join(directory, "syncs");
  const file = openSync(path, "w");
  try {
    // Written, not only reserved: the first write to a block would change what the file system notes about it.
    writeSync(file, Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
    fdatasyncSync(file);
    const item = Buffer.alloc(ITEM_BYTES_DEFAULT, "x");
    let at = 0;
    const append = () => {
      writeSync(file, item, 0, item.byteLength, at);
      fdatasyncSync(file);
      at = (at + item.byteLength) % FILE_BYTES;
    };
    for (let i = 0; i < WARM_UP; i++) append();
    const startedAt = performance.now();
    let syncs = 0;
    while (performance.now() - startedAt < lastsMs) {
      append();
      syncs += 1;
    }
    return syncs / ((performance.now() - startedAt) / 1000);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
