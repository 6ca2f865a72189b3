/**
 * A store in the memory of this process alone: the same state and the same ports, with commits that go to no disk. It ends with
 * the process, and serves where one process is the authority for others, such as a broker without a journal.
 *
 * A commit is applied to the one state that all handles share, and that is all: nobody can come in between, so nothing is
 * decided twice, and a call that has not to wait answers at once. Items stay where the state has them.
 */

import type { BufferPort, BufferSpec } from "@sluice/core";
import { type BrokerPort, StoreBrokerPort } from "./broker-port.js";
import { BufferState } from "./buffer-state.js";
import { type Decide, decideIfCurrent } from "./decision.js";
import { Dues } from "./dues.js";
import { Faults } from "./faults.js";
import type { Item } from "./item.js";
import { newHandleId } from "./layout.js";
import type { Commits, Log, Payload, WaitCounts } from "./log.js";
import { MachineLog } from "./machine-log.js";
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
  /**
   * Opens a handle on behalf of others, without copies: see `BrokerPort`. It is a new one each time, and holds nothing yet.
   *
   * @throws BufferError `BUFFER_DESTROYED`.
   */
  openForBroker(identity: PortIdentity): BrokerPort;
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
      return new StorePort(new Store(new MemoryCommits(memory, copies)), settings, identity, () => {});
    },
    openForBroker(identity) {
      memory.check();
      return new StoreBrokerPort(new Store(new MemoryCommits(memory, sharing)), settings, identity, () => {});
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

class MemoryLog extends MachineLog implements Log {
  readonly faults: Faults;
  readonly state: BufferState;
  readonly handle: string = newHandleId();
  readonly durable = false;
  readonly syncMs = 0;
  readonly isQuickToLook = true;

  constructor({ faults, state }: Memory) {
    super();
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
  readonly payload: Payload;
  readonly waits: WaitCounts;
  readonly #memory: Memory;
  readonly #bytes: MemoryBytes;
  #isClosed = false;

  constructor(memory: Memory, bytes: MemoryBytes) {
    this.#memory = memory;
    this.#bytes = bytes;
    this.payload = bytes;
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
        this.#memory.commit(this.log, due, NO_ITEMS);
        continue;
      }
      const decision = decideIfCurrent(decide, state);
      if (decision === undefined) continue;
      if (!("operations" in decision)) return decision.answer;
      return decision.reply(
        this.#memory.commit(this.log, decision.operations, this.#bytes.toKeep(decision.items)),
      );
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#memory.logs.delete(this.log);
  }
}

const NO_ITEMS: readonly Uint8Array[] = Object.freeze([]);

/** Where the bytes of items are, and whose. */
interface MemoryBytes extends Payload {
  /** The bytes of an offer, as the store keeps them. */
  toKeep(items?: readonly Uint8Array[]): readonly Uint8Array[];
}

const onlyHere: Omit<Payload, "read"> = {
  expect() {},
  // Nothing can have damaged them.
  sumsOf: () => NO_SUMS,
  moved() {},
};

const NO_SUMS: readonly number[] = Object.freeze([]);

/** Nobody else has or changes what the store keeps. */
const copies: MemoryBytes = {
  ...onlyHere,
  toKeep: (items = NO_ITEMS) => items.map((item) => new Uint8Array(item)),
  read: (items, forGood) => items.map((item) => (forGood ? bytesOf(item) : new Uint8Array(bytesOf(item)))),
};

/** What the store keeps was handed over, and whoever looks at it does not change it. */
const sharing: MemoryBytes = {
  ...onlyHere,
  toKeep: (items = NO_ITEMS) => items,
  read: (items) => items.map(bytesOf),
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
