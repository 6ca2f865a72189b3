/** The log as one handle sees it, and the way into it: all that a way of making commits has of its own. */

import type { BufferSpec, MaybePromise } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { Clock } from "./clock.js";
import type { Decide, Patience } from "./decision.js";
import type { DueWork } from "./dues.js";
import type { Faults } from "./faults.js";
import type { Item } from "./item.js";
import type { Layout } from "./layout.js";

/** What a call waits for: room, an item, or the end. */
export type WaitKind = "producer" | "consumer" | "observer";

export interface Log {
  readonly faults: Faults;
  readonly durable: boolean;
  /** Names this handle in the commits. */
  readonly handle: string;
  readonly state: BufferState;
  /** By which leases and delays end. */
  readonly clock: Clock;
  /** How many bytes of items a commit can carry; a put of more is accepted in part. */
  readonly commitBytesMax: number;
  /** How long a commit is there, of late, before its call is answered. */
  readonly syncMs: number;
  /** Whether to look for a commit is a single call, and not by a path. */
  readonly isQuickToLook: boolean;
  /** Lets somebody else who waits for the same ask first: as long as it takes that his commit is seen here. */
  passTurn(kind: WaitKind): Promise<void>;
  /** Whether a handle has done nothing and waited for nothing of late, where that is known. Where it is, turns are what it costs to collide. */
  isQuiet?(handle: string): boolean;
  /** Sees that the state has changed. */
  onAdvance: () => void;
  /** Sees that the log goes on elsewhere. */
  onSegment: () => void;
  /**
   * Brings the state up to what was current at some instant within this call.
   *
   * @throws BufferError `BUFFER_DESTROYED`, `DATA_CORRUPT`, `STORAGE_FAILED`.
   */
  catchUp(): void;
  /**
   * File or directory in which there is an event for whoever waits. Another one only where the log is cut. Undefined where
   * every commit comes by `onAdvance`.
   */
  watchPath(kind: WaitKind): string | undefined;
  /** Whether an event by this name may mean a commit that the state does not include. */
  isNews(name: string | null): boolean;
}

/** Bytes that a commit carries, as far as they were read. */
export interface PayloadPart {
  readonly bytes: Uint8Array;
  /** Where in `bytes` the payload begins. */
  readonly payloadStart: number;
  /** Where in its file `bytes` stands. */
  readonly at: number;
  /** Whether the payload is known to be what was written. */
  readonly isChecked: boolean;
}

/** One that lies in a directory, for several processes. */
export interface DiskLog extends Log {
  readonly layout: Layout;
  /** The last commit that the state includes. */
  readonly number: number;
  /** Where the log is written to. Another place whenever it is cut. */
  readonly place: string;
  /** Whether commits are read with the bytes of their items. */
  readsPayload: boolean;
  /** Sees the bytes of every commit of others that was read with them. */
  onPayload: (commit: number, part: PayloadPart) => void;
  /** Reads a commit's payload from its start, as far as it fits; undefined if it is damaged. Throws the system's errors. */
  readAhead(commit: number): PayloadPart | undefined;
  /** Reads from the file that holds a commit's payload; shorter than asked for where that ends. Throws as `readAhead`. */
  readPart(commit: number, position: number, length: number): Uint8Array;
  /** Set-aside space, by its name in the store, that a dead handle was in the middle of using: others may use it. */
  takeBack(name: string): void;
}

/** Where the bytes of items are. */
export interface Payload {
  /** From now on this handle takes items. */
  expect(): void;
  /** The CRC-32 of each of these items, for the commit that puts them; nothing where nobody asks for it again. */
  sumsOf(items: readonly Uint8Array[]): readonly number[];
  /**
   * The bytes of these items, before the commit that takes them: what is read afterwards might be gone.
   * Nobody else keeps or changes them, unless the handle was opened to share them.
   *
   * @param forGood - whether that commit takes them out of the buffer.
   * @throws Stale; BufferError `DATA_CORRUPT`, if the damaged item is still in the buffer.
   */
  read(items: readonly Item[], forGood: boolean): Uint8Array[];
  /**
   * The bytes of these items as far as they are here, up to the first that is not, for a take that may have them instead of others.
   * They are to be copied if they stay in the buffer. Absent where nobody takes between a decision and its commit.
   */
  readHere?(items: readonly Item[]): Uint8Array[];
  /** The log goes on elsewhere. */
  moved(): void;
}

/** Who waits, for the counts. */
export interface WaitCounts {
  /** A call of this handle waits. Returns what takes it back. */
  tell(kind: "producer" | "consumer"): () => void;
  /** How many calls wait now, of all handles, as far as that is known. */
  count(kind: "producer" | "consumer"): number;
}

/** How decisions become commits, and what else differs with it. */
export interface Commits {
  readonly log: Log;
  readonly dues: DueWork;
  readonly payload: Payload;
  readonly waits: WaitCounts;
  /**
   * Decides, and commits what was decided, as one step; decides again where another commit came first. Answers at once
   * where nothing has to be synced and nobody is in the way.
   *
   * @param patience - for a call that waits: where a lock keeps others out, it is not waited for any longer.
   */
  transact<T>(decide: Decide<T>, patience?: Patience): MaybePromise<T>;
  /** Gives up what the handle holds on the disk and of the system. Nothing is committed afterwards. */
  close(): void;
}

/** Commits to a log on the disk. */
export interface DiskCommits extends Commits {
  readonly log: DiskLog;
}

export interface LogOptions {
  readonly layout: Layout;
  /** Names the handle, for everybody. One process at a time has it. */
  readonly handle: string;
  readonly spec: BufferSpec;
  readonly durable: boolean;
  readonly lockWaitMs: number;
}
