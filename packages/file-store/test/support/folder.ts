/** A folder of its own for a test; the tests of transport-file have it from here too. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

  make(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
