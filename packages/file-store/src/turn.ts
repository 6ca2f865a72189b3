/**
 * Turns, by proper-lockfile: taken by a call whose commits keep colliding, so that the others step back for a moment.
 * Advisory. What holds the buffer together is the commit; a lock that cannot be had, is stale, is taken over from a
 * holder that was only stopped, or is held twice, costs time and nothing else.
 */

import fs, { mkdirSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf } from "./faults.js";
import { DIRECTORY_MODE, type Layout } from "./layout.js";

// A holder commits within a millisecond or so; one that does not was killed or stopped.
const LOOK_AGAIN_MS = 1;

type Library = typeof import("proper-lockfile");

/**
 * Loaded with the first turn: most processes never ask for one, and with what it needs it takes longer to load than all of this
 * package. Undefined where that fails (no descriptor left, say), which Node remembers: this process then goes without turns.
 */
async function library(): Promise<Library | undefined> {
  return import("proper-lockfile").catch(() => undefined);
}

// The library makes its directory as the umask leaves it.
const lockFs = {
  ...fs,
  mkdirSync: (path: string) => mkdirSync(path, { mode: DIRECTORY_MODE }),
} as typeof fs;

export class Turn {
  readonly #layout: Layout;
  readonly #waitMs: number;
  // Birth of a lock that was not given up within `waitMs`: waiting for the same one again would be no use.
  #stuck = 0;

  constructor(layout: Layout, waitMs: number) {
    this.#layout = layout;
    this.#waitMs = waitMs;
  }

  /** Waits at most `waitMs` for the turn. Returns what gives it back, or undefined: then go on without it. */
  async take(): Promise<(() => void) | undefined> {
    const end = performance.now() + this.#waitMs;
    const locks = await library();
    if (locks === undefined) return undefined;
    for (;;) {
      const outcome = this.#tryLock(locks);
      if (outcome !== "taken") return outcome;
      if (this.#stuck !== 0 && this.#stuck === this.#bornAt()) return undefined;
      if (performance.now() >= end) {
        this.#stuck = this.#bornAt();
        return undefined;
      }
      await sleep(LOOK_AGAIN_MS * (0.5 + Math.random()));
    }
  }

  #tryLock({ lockSync, unlockSync }: Library): (() => void) | undefined | "taken" {
    try {
      lockSync(this.#layout.root, {
        lockfilePath: this.#layout.turn,
        // The smallest that the library takes. How soon others go on does not hang on it, but on `waitMs`.
        stale: 2_000,
        // Half of it; a turn is over long before, so that the refresh never comes to run.
        update: 1_000,
        fs: lockFs,
        // The path is ours and holds no links; the lookup would cost more than the lock.
        realpath: false,
        // Waiting is done here, against a deadline: the library's own retries sleep for a guessed time.
        retries: 0,
        // By default it throws from a timer and ends the process. Nothing hangs on the lock, so nothing is to be done.
        onCompromised: () => {},
      });
    } catch (error) {
      // Anything but a lock that is held (no space for its directory, say): no turns, then.
      return errnoOf(error) === "ELOCKED" ? "taken" : undefined;
    }
    return () => {
      try {
        unlockSync(this.#layout.root, { lockfilePath: this.#layout.turn, realpath: false });
      } catch {
        // Taken over by somebody else, or gone with the buffer.
      }
    };
  }

  #bornAt(): number {
    return statSync(this.#layout.turn, { throwIfNoEntry: false })?.birthtimeMs ?? 0;
  }
}
