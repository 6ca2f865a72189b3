/**
 * Two files that are written to when somebody may be waiting for it: for an item, or for room. Whoever waits watches one of them.
 *
 * Rung where the buffer was empty, or full, before: from then on all who wait have been told, and look for themselves. A
 * process that is killed before it rings leaves them to their next look.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { BufferState } from "./buffer-state.js";
import { READ_WRITE, writeNewFile } from "./record-file.js";

export type Bell = "item" | "room";

const BELLS: readonly Bell[] = ["item", "room"];

// Whoever has rung just now rings again when it has done what it does in one go: being woken costs more than an item.
const BURST_MS = 5;

const SOUND = Buffer.from("!");

/** What a commit may change for those who wait. */
export interface Situation {
  readonly ready: number;
  readonly occupied: number;
  readonly bytes: number;
  readonly isSealed: boolean;
  readonly isEnd: boolean;
}

export function situationOf(state: BufferState): Situation {
  return {
    ready: state.ready.size,
    occupied: state.occupied,
    bytes: state.bytes,
    isSealed: state.sealed,
    isEnd: state.isDrained || state.destroyed,
  };
}

export function bellPath(root: string, bell: Bell): string {
  return join(root, `bell.${bell}`);
}

/** Written once, so that ringing needs no space. */
export function createBells(root: string): void {
  for (const bell of BELLS) closeSync(writeNewFile(bellPath(root, bell), SOUND));
}

export class Bells {
  readonly #root: string;
  readonly #fds = new Map<Bell, number>();
  readonly #due = new Set<Bell>();
  #rungAt = Number.NEGATIVE_INFINITY;
  #isScheduled = false;

  constructor(root: string) {
    this.#root = root;
  }

  /** A commit of this handle has led from one to the other. */
  changed(before: Situation, state: BufferState): void {
    const after = situationOf(state);
    const isOver = after.isSealed !== before.isSealed || after.isEnd !== before.isEnd;
    if (isOver || (before.ready === 0 && after.ready > 0)) this.#due.add("item");
    const isMoreRoom = after.occupied < before.occupied || after.bytes < before.bytes;
    if (isOver || (isMoreRoom && mayHaveBeenFull(before, state))) this.#due.add("room");
    if (this.#due.size === 0 || this.#isScheduled) return;
    if (isOver || performance.now() - this.#rungAt >= BURST_MS) this.#ring();
    else {
      this.#isScheduled = true;
      // Behind all that goes on without a turn of the event loop.
      process.nextTick(() => {
        this.#isScheduled = false;
        this.#ring();
      });
    }
  }

  close(): void {
    this.#ring();
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }

  #ring(): void {
    for (const bell of this.#due) {
      try {
        writeSync(this.#open(bell), SOUND, 0, 1, 0);
      } catch {
        // The buffer may be gone. Who waits looks again before long.
      }
    }
    this.#due.clear();
    this.#rungAt = performance.now();
  }

  #open(bell: Bell): number {
    const known = this.#fds.get(bell);
    if (known !== undefined) return known;
    const fd = openSync(bellPath(this.#root, bell), READ_WRITE);
    this.#fds.set(bell, fd);
    return fd;
  }
}

// For the largest item; core's envelope takes up to 1 KiB.
function mayHaveBeenFull({ occupied, bytes }: Situation, { spec }: BufferState): boolean {
  return occupied >= spec.capacity || bytes + spec.itemBytesMax + 1024 > spec.bufferBytesMax;
}
