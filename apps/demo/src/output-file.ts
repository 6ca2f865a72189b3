/** The file that consumers append to: looked at before the run, emptied when it begins, on disk when it has ended. */

import { constants, existsSync, ftruncateSync, rmSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";

export class OutputFile {
  /** Absolute. */
  readonly path: string;
  readonly #file: FileHandle;
  readonly #wasThere: boolean;
  // A pipe or /dev/null can neither be emptied nor synced.
  readonly #stats: Stats;

  private constructor(path: string, file: FileHandle, wasThere: boolean, stats: Stats) {
    this.path = path;
    this.#file = file;
    this.#wasThere = wasThere;
    this.#stats = stats;
  }

  /** Opens it, or makes it, to see that it can be written; what is in it stays. */
  static async open(path: string): Promise<OutputFile> {
    const absolute = resolve(path);
    const wasThere = existsSync(absolute);
    const file = await open(absolute, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o666);
    return new OutputFile(absolute, file, wasThere, await file.stat());
  }

  isSameAs({ dev, ino }: Stats): boolean {
    return this.#stats.isFile() && this.#stats.dev === dev && this.#stats.ino === ino;
  }

  /** At once: the next who opens it finds it empty. */
  empty(): void {
    if (this.#stats.isFile()) ftruncateSync(this.#file.fd);
  }

  async finish(): Promise<void> {
    if (this.#stats.isFile()) await this.#file.sync();
    await this.#file.close();
  }

  /** Nothing came of it: as if it had not been opened. */
  async forget(): Promise<void> {
    await this.#file.close();
    if (!this.#wasThere) rmSync(this.path, { force: true });
  }
}
