/**
 * A store in the memory of this process alone: the same state and the same ports, with commits that go to no disk. It ends with
 * the process, and serves where one process is the authority for others, such as a broker without a journal.
 *
 * A commit is applied to the one state that all handles share, and that is all: nobody can come in between, so nothing is
 * decided twice, and a call that has not to wait answers at once. Items stay where the state has them.
 */

import type { BufferPort, BufferSpec } from "@sluice/core";
import { BufferState } from "./buffer-state.js";
import { type Decide, decideIfCurrent } from "./decision.js";
import { Dues } from "./dues.js";
import { Faults } from "./faults.js";
import type { Item } from "./item.js";
import { newHandleId } from "./layout.js";
import type { Commits, Log, Payload, WaitCounts } from "./log.js";
import type { Operation } from "./operation.js";
import { ownIdentity } from "./process-identity.js";
import { Store } from "./store.js";
import { type PortIdentity, StorePort } from "./store-port.js";

/** A store in memory. It is there as long as somebody refers to it. */
export interface MemoryStore {
  /** What it was made with. */
  readonly spec: BufferSpec;
  /** Whether one of its ports has destroyed it. */
  readonly isDestroyed: boolean;
  /**
   * Opens a handle on it. Leases are held by handles, as on a disk: closing one, or the consumer that was handed them, releases
   * them; nothing else does before their time is over, because there is no process whose death could tell.
   *
   * @throws BufferError `BUFFER_DESTROYED`.
   */
  open(identity: PortIdentity): BufferPort;
}

/**
 * Makes a store in memory, which nobody finds but by the object that is returned.
 *
 * @param transport - in whose name errors are told: `BufferError.transport`, of all ports.
 */
export function createMemoryStore(transport: string, spec: BufferSpec): MemoryStore {
  const settings = Object.freeze({ ...spec });
  const memory = new Memory(settings, new Faults(transport));
  return {
    spec: settings,
    get isDestroyed() {
      return memory.state.destroyed;
    },
    open(identity) {
      memory.check();
      return new StorePort(new Store(new MemoryCommits(memory)), settings, identity, () => {});
    },
  };
}

/** What all handles share. */
class Memory {
  readonly faults: Faults;
  readonly state: BufferState;
  readonly logs: Set<MemoryLog> = new Set();
  readonly waiting: Record<"producer" | "consumer", number> = { producer: 0, consumer: 0 };
  #number = 0;

  constructor(spec: BufferSpec, faults: Faults) {
    this.faults = faults;
    this.state = new BufferState(spec, faults);
  }

  /** @throws BufferError `BUFFER_DESTROYED`. */
  check(): void {
    if (this.state.destroyed) throw this.faults.destroyed("in memory");
  }

  /** Applies a commit, for everybody. Returns its number. */
  commit(log: MemoryLog, operations: readonly Operation[], items: readonly Uint8Array[]): number {
    const { handle } = log;
    const { state } = this;
    const all: readonly Operation[] = state.participants.has(handle)
      ? operations
      : [{ op: "join", handle, identity: ownIdentity() }, ...operations];
    this.#number += 1;
    state.apply(this.#number, handle, this.#number, all, items);
    for (const one of this.logs) one.onAdvance();
    return this.#number;
  }
}

class MemoryLog implements Log {
  readonly faults: Faults;
  readonly state: BufferState;
  readonly handle: string = newHandleId();
  readonly durable = false;
  readonly syncMs = 0;
  readonly isQuickToLook = true;
  onAdvance: () => void = () => {};
  onSegment: () => void = () => {};

  constructor({ faults, state }: Memory) {
    this.faults = faults;
    this.state = state;
  }

  // The state is everybody's, and always current.
  catchUp(): void {}

  watchPath(): undefined {
    return undefined;
  }

  isNews(): boolean {
    return false;
  }
}

class MemoryCommits implements Commits {
  readonly log: MemoryLog;
  readonly dues: Dues;
  readonly payload: Payload = memoryPayload;
  readonly waits: WaitCounts;
  readonly #memory: Memory;
  #isClosed = false;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.log = new MemoryLog(memory);
    this.dues = new Dues(this.log);
    this.waits = countsIn(memory);
    memory.logs.add(this.log);
  }

  transact<T>(decide: Decide<T>): T {
    const { state } = this.#memory;
    for (;;) {
      if (this.#isClosed) throw this.log.faults.closed();
      this.#memory.check();
      const due = this.dues.operations;
      if (due.length > 0) {
        this.#memory.commit(this.log, due, []);
        continue;
      }
      const decision = decideIfCurrent(decide, state);
      if (decision === undefined) continue;
      if (!("operations" in decision)) return decision.answer;
      return decision.reply(this.#memory.commit(this.log, decision.operations, decision.items ?? []));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#memory.logs.delete(this.log);
  }
}

const memoryPayload: Payload = {
  expect() {},
  // Nothing can have damaged them.
  sumsOf: () => [],
  read: (items, forGood) => items.map((item) => (forGood ? bytesOf(item) : new Uint8Array(bytesOf(item)))),
  moved() {},
};

function bytesOf({ bytes }: Item): Uint8Array {
  return bytes as Uint8Array;
}

function countsIn({ waiting }: Memory): WaitCounts {
  return {
    tell(kind) {
      waiting[kind] += 1;
      let isTold = true;
      return () => {
        if (isTold) waiting[kind] -= 1;
        isTold = false;
      };
    },
    count: (kind) => waiting[kind],
  };
}
