/**
 * The lock of the strategy `flock`: one file, locked by flock(2). The kernel keeps it, so a holder that is stopped keeps everybody
 * else out, and one that is killed has let go.
 */

import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { NativePort } from "@sluice/native-port";
import type { Faults } from "./faults.js";
import type { Layout } from "./layout.js";
import { READ_WRITE } from "./record-file.js";

// Some 30 us, a few times as long as a commit takes: waiting for it in the event loop takes longer.
const TRIES = availableParallelism() > 1 ? 50 : 1;

export class FileLock {
  readonly #port: NativePort;
  readonly #faults: Faults;
  readonly #fd: number;
  #isClosed = false;

  /** @throws the system's error. */
  constructor(port: NativePort, layout: Layout) {
    this.#port = port;
    this.#faults = layout.faults;
    this.#fd = openSync(layout.lock, READ_WRITE);
  }

  /** Whether it was had, within the time that a commit takes. */
  take(): boolean {
    // The number of a descriptor that was closed may be another file's.
    if (this.#isClosed) throw this.#faults.closed();
    try {
      for (let tries = 0; tries < TRIES; tries++) {
        if (this.#port.flock(this.#fd, "exclusive")) return true;
      }
    } catch (error) {
      throw this.#faults.storage(error, "Locking the buffer");
    }
    return false;
  }

  give(): void {
    if (!this.#isClosed) this.#port.flock(this.#fd, "none");
  }

  /** Who has it, as far as the system tells: Linux lists all locks. */
  holder(): string {
    try {
      const inode = fstatSync(this.#fd).ino;
      const line = readFileSync("/proc/locks", "latin1")
        .split("\n")
        .map((one) => one.split(/\s+/))
        .find((words) => words[1] === "FLOCK" && words[5]?.endsWith(`:${inode}`));
      const pid = Number(line?.[4]);
      return pid > 0 ? `process ${pid}` : "a process";
    } catch {
      return "a process";
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }
}
