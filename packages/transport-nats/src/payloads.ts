/** The bytes of items: as they were told with the commits that put them, or fetched again. */

import type { BufferState, Item, Payload } from "@sluice/file-store";

/** Commits of whose items the bytes are wanted, and not here. */
export class Missing extends Error {
  readonly commits: readonly number[];

  constructor(commits: readonly number[]) {
    super("The bytes of some items are to be fetched first");
    this.commits = commits;
  }
}

const SPARE_MAX = 64;

export class Payloads implements Payload {
  readonly #byCommit: Map<number, Buffer> = new Map();
  readonly #state: () => BufferState;
  #isExpected = false;

  constructor(state: () => BufferState) {
    this.#state = state;
  }

  /** From now on this handle takes items: their bytes are kept as they come. */
  expect(): void {
    this.#isExpected = true;
  }

  // The client and the server see to it that bytes arrive as they were sent.
  sumsOf(): readonly number[] {
    return NO_SUMS;
  }

  moved(): void {}

  told(commit: number, payload: Buffer): void {
    if (this.#isExpected && payload.length > 0) this.keep(commit, payload);
  }

  keep(commit: number, payload: Buffer): void {
    // A small part of a large buffer would hold on to all of it.
    const isSmallPart = payload.length * 2 < payload.buffer.byteLength;
    this.#byCommit.set(commit, isSmallPart ? Buffer.from(payload) : payload);
    const { occupied, dead } = this.#state();
    if (this.#byCommit.size > 2 * (occupied + dead.size) + SPARE_MAX) this.#prune();
  }

  /** @throws Missing. */
  read(items: readonly Item[], forGood: boolean): Uint8Array[] {
    const missing = new Set<number>();
    const found = items.map(({ commit, offset, length }) => {
      const payload = this.#byCommit.get(commit);
      if (payload !== undefined) return payload.subarray(offset, offset + length);
      missing.add(commit);
      return NO_BYTES;
    });
    if (missing.size > 0) throw new Missing([...missing]);
    return forGood ? found : found.map((bytes) => new Uint8Array(bytes));
  }

  readHere(items: readonly Item[]): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const { commit, offset, length } of items) {
      const payload = this.#byCommit.get(commit);
      if (payload === undefined) return found;
      found.push(payload.subarray(offset, offset + length));
    }
    return found;
  }

  #prune(): void {
    const live = new Set<number>();
    for (const { commit } of this.#state().items()) live.add(commit);
    for (const commit of this.#byCommit.keys()) if (!live.has(commit)) this.#byCommit.delete(commit);
  }
}

const NO_SUMS: readonly number[] = Object.freeze([]);
const NO_BYTES = Buffer.alloc(0);
