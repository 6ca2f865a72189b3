/** Buffers in a folder of their own. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BufferPort, BufferSpec } from "@sluice/core";
import { type FileTransportOptions, fileTransport } from "../../dist/index.js";

export function spec(settings: Partial<BufferSpec> = {}): BufferSpec {
  const capacity = settings.capacity ?? 5;
  return {
    capacity,
    itemBytesMax: 65_536,
    bufferBytesMax: capacity * 66_560,
    failuresMax: 5,
    deadLettersMax: capacity,
    codec: "bytes",
    ...settings,
  };
}

// Where nothing hangs on the disk. Some have no such place.
const inMemory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder that is gone after the test. Its only content is `place`, where the buffer is to be. */
export class Folder {
  readonly path: string;

  constructor(parent: string = inMemory) {
    this.path = mkdtempSync(join(parent, "sluice-file-"));
  }

  get place(): string {
    return join(this.path, "buffer");
  }

  /** The directory that carries the buffer's id. */
  get root(): string {
    const name = readdirSync(this.place).find((one) => one.startsWith("buffer."));
    if (name === undefined) throw new Error(`Expected a buffer in ${this.place}`);
    return join(this.place, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export type LockName = NonNullable<FileTransportOptions["lock"]>;
export const LOCKS: readonly LockName[] = ["proper-lockfile", "flock"];

/** Of durability `none`. */
export async function created(folder: Folder, lock: LockName = "proper-lockfile"): Promise<BufferPort> {
  const transport = fileTransport({ path: folder.place, lock });
  await transport.create(spec(), { durability: "none" });
  return transport.open();
}
