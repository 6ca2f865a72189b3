/** The file that consumers append to: looked at before the run, emptied when it begins, on disk when it has ended. */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
} from "node:fs";
import { resolve } from "node:path";

export class OutputFile {
  /** Absolute. */
  readonly path: string;
  readonly #wasThere: boolean;
  readonly #file: number;

  /** Opens it, or makes it, to see that it can be written; what is in it stays. */
  constructor(path: string) {
    this.path = resolve(path);
    this.#wasThere = existsSync(this.path);
    this.#file = openSync(this.path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o666);
  }

  /** Whether both are the same file. */
  isSameAs(file: number): boolean {
    const [ours, theirs] = [fstatSync(this.#file), fstatSync(file)];
    return ours.isFile() && ours.dev === theirs.dev && ours.ino === theirs.ino;
  }

  empty(): void {
    if (this.#isFile()) ftruncateSync(this.#file);
  }

  finish(): void {
    if (this.#isFile()) fsyncSync(this.#file);
    closeSync(this.#file);
  }

  /** Nothing came of it: as if it had not been opened. */
  forget(): void {
    closeSync(this.#file);
    if (!this.#wasThere) rmSync(this.path, { force: true });
  }

  // A pipe or /dev/null can neither be emptied nor synced.
  #isFile(): boolean {
    return fstatSync(this.#file).isFile();
  }
}
