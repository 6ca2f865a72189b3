/**
 * The interface between core and a medium. Whoever implements it has written a transport; nothing else is needed.
 *
 * An adapter makes two objects:
 * - a `BufferTransport`, from a factory that names one place: it makes a buffer there with `create`, and opens it with `open`;
 * - a `BufferPort`, which `open` returns: one handle on the buffer. It hands out a `ProducerPort` with `offer` and a
 *   `ConsumerPort` with `poll` and `settle`, and has what concerns the whole buffer: `seal`, `counts`, `drained`,
 *   `deadLetters`, `close`, `destroy`.
 *
 * Its module also exports `transportAt`, by which another process comes from an address to the transport.
 *
 * What every adapter may rely on, because core sees to it:
 * - Arguments are checked: counts are integers from 1 up, items are within the limits of the spec, options are known.
 * - On one `ProducerPort` at most one `offer` is under way, on one `ConsumerPort` at most one `poll`; `settle` may run
 *   beside a `poll`. Several ports of one `BufferPort` are used at the same time, and so are its other methods.
 * - Nothing is called on a port after its `close`, and nothing on a `BufferPort` after its `close` or `destroy`.
 *
 * What core relies on, and the contract suite checks, is said at each method. Expected results are values; a rejection
 * (or a throw, where a method answers synchronously) is a fault: a `BufferError` with a code of the table in `errors.ts`,
 * and `effect: "unknown"` if the operation may have taken place.
 */

import type { BufferSpec, BufferWishes } from "./buffer-spec.js";

/** The number of this interface. A transport made for another one is refused when a buffer is created or opened. */
export const INTERFACE_VERSION = 1;

/** An answer now, where the medium can, or later. A port that can complete at once should not make a promise. */
export type MaybePromise<T> = T | Promise<T>;

/** A value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * Names one buffer for another process: JSON, handed over by environment or IPC, never by argv.
 * It names code to load, so it must be trusted like code.
 */
export interface BufferAddress {
  /** `BufferTransport.module`: what the other process imports; it exports `transportAt`. */
  readonly module: string;
  /** `BufferTransport.name`, for messages. */
  readonly transport: string;
  /** What the adapter needs to find the buffer again, and to tell it from a later one at the same place. */
  readonly place: JsonValue;
}

/** What `BufferAddress.module` exports, so that a process can open a buffer whose adapter it does not know by name. */
export interface TransportModule {
  /** Makes the transport that opens this address. Throws `INVALID_ARGUMENT` for a place it does not understand. */
  transportAt(address: BufferAddress): BufferTransport;
}

/** A plain object from a factory, which names one place: `fileTransport({ path })`. It holds no resources. */
export interface BufferTransport {
  /** A word for messages and reports: `"file"`. */
  readonly name: string;
  /** Resolved URL of the module whose `transportAt` opens an address of this transport: usually `import.meta.url`. */
  readonly module: string;
  /** The `INTERFACE_VERSION` it was written for. */
  readonly interfaceVersion: number;
  /** The most it offers with these options. */
  readonly capabilities: TransportCapabilities;
  /**
   * Makes the buffer, whole or not at all: a process that dies in the middle leaves nothing that opens.
   * Of several processes that create at the same place at once, one succeeds.
   *
   * Rejects `BUFFER_EXISTS`; `NOT_A_BUFFER` if the place holds something else, `DATA_CORRUPT` or `VERSION_UNSUPPORTED` if it
   * holds a buffer that cannot be read; `CAPABILITY_MISSING` for a wish it cannot
   * meet; `PERMISSION_DENIED`, `STORAGE_FULL`, `STORAGE_FAILED`, `TRANSPORT_UNAVAILABLE`.
   */
  create(spec: BufferSpec, wishes: BufferWishes): Promise<BufferAddress>;
  /**
   * Opens the buffer at this transport's place, or the one that the address names.
   *
   * Rejects `BUFFER_NOT_FOUND`; `NOT_A_BUFFER`; `VERSION_UNSUPPORTED` naming both versions; `DATA_CORRUPT`;
   * `PERMISSION_DENIED`; `TRANSPORT_UNAVAILABLE`. Never adopts and never deletes what it refuses.
   */
  open(address?: BufferAddress): Promise<BufferPort>;
}

/** One handle on an open buffer. */
export interface BufferPort {
  /** The settings the buffer was created with, read from the buffer itself. Core compares them with the caller's. */
  readonly spec: BufferSpec;
  /** For this buffer, fixed from open to close, never more than the transport's. */
  readonly capabilities: TransportCapabilities;
  /** Opens this buffer in another process. */
  readonly address: BufferAddress;
  /**
   * Registers a producer: a fresh epoch for its id, in one commit. An earlier holder's offers are refused from then on
   * (`HANDLE_CLOSED`). Without an id the producer is new, and may be forgotten as soon as its holder is closed or dead.
   */
  producer(id?: string): Promise<ProducerPort>;
  consumer(): Promise<ConsumerPort>;
  /**
   * No more items, for everyone, for ever: one commit, after which every offer of a new item answers `sealed`, also those
   * already waiting, and every poll ends with `drained` once nothing is ready or leased.
   * With `discard` the ready and parked items are removed in the same commit and counted as discarded, and an item that
   * is returned later is discarded too; also on a buffer that was sealed without it.
   * Resolves to whether this call changed anything. Waits at most `lockWaitMs` for a stopped lock holder (`BUFFER_BUSY`).
   */
  seal(options: { readonly discard: boolean }): Promise<boolean>;
  /** A snapshot at one instant: the ledger identity holds in it. Waits as `seal` does. */
  counts(): MaybePromise<BufferCounts>;
  /** Waits until the buffer is sealed and nothing is ready or leased; false if `wait` ended first. */
  drained(wait: Wait): MaybePromise<boolean>;
  readonly deadLetters: DeadLetterPort;
  /**
   * Ends this handle: its waiting calls return, its open leases are released, its registrations end. Idempotent, and
   * disturbs nobody else. Calls under way settle first or reject `HANDLE_CLOSED` (`OUTCOME_UNKNOWN` where that is true).
   */
  close(): Promise<void>;
  /**
   * Removes the buffer for everyone, and everything it used, then ends this handle. Other handles' calls reject
   * `BUFFER_DESTROYED`, those that wait at once. Idempotent. A buffer made at the same place later is never touched by
   * a participant of this one.
   */
  destroy(): Promise<void>;
}

/** One registration of a producer, from `BufferPort.producer` until its `close`. */
export interface ProducerPort {
  /** Sequence of the last item accepted from this id, at registration; 0 for a new one. */
  readonly lastSequence: number;
  /**
   * Appends an ordered prefix of the items, as far as there is room in items and in bytes: checked and inserted as one
   * step. Waits for room for the first item only, as `wait` says.
   *
   * The bytes belong to core: the port must not change them, and must have copied what it keeps when it returns or
   * resolves (with `copiesAtOnce`: when it returns). `envelopes`, if given, has an entry for each item: opaque bytes, 1 to
   * `ENVELOPE_BYTES_MAX` of them, that stay beside it and count towards `bufferBytesMax`.
   *
   * `firstSequence` is the number of the first item, dense per producer id: one that was accepted before is answered as
   * accepted again, from memory, before sealed and full are looked at; a gap rejects `INVALID_ARGUMENT`.
   *
   * Rejects `HANDLE_CLOSED` if the id has a newer holder; `BUFFER_DESTROYED`, `BUFFER_BUSY`, `STORAGE_FULL`,
   * `STORAGE_FAILED`, `DATA_CORRUPT`, `TRANSPORT_UNAVAILABLE`; anything with `effect: "unknown"` where the items may be in.
   */
  offer(
    firstSequence: number,
    items: readonly Uint8Array[],
    wait: Wait,
    envelopes?: Envelopes,
  ): MaybePromise<Offered>;
  /**
   * Says that it has copied what it keeps by the time that `offer` returns, also where it returns a promise. Core then need not:
   * the bytes are the caller's own, which may write to them from then on; another thread may, and may let them grow, at any time.
   */
  readonly copiesAtOnce?: boolean;
  /** Ends the registration. No item is affected. */
  close(): MaybePromise<void>;
}

/** By item: what travels beside it, if anything does. */
export type Envelopes = readonly (Uint8Array | undefined)[];

/** What became of an offer. */
export interface Offered {
  /** How many of the items, from the first on, are in the buffer. */
  readonly accepted: number;
  /** Why not more: no room, or sealed. `open` when all were accepted, and also when a wait was ended by its signal. */
  readonly state: "open" | "full" | "sealed";
  /** What ran out when `full`. */
  readonly fullBy?: "items" | "bytes";
}

/** One registration of a consumer, from `BufferPort.consumer` until its `close`. */
export interface ConsumerPort {
  /**
   * Hands out 1 to `max` items, the ready ones of the smallest sequence, in order; waits for the first only.
   * Without `lease` an item is consumed by the same commit that hands it out. With `lease` it keeps its slot until it is
   * settled; after `leaseMs`, or when the operating system says that its holder is dead, it is ready again at its place.
   *
   * A poll that answers no deliveries has taken none. An item assigned to a poll whose caller is gone returns to its place.
   * The bytes belong to core from then on: the port must not reuse their memory. They may share one larger buffer.
   *
   * Rejects as `offer` does.
   */
  poll(max: number, wait: Wait, lease?: LeaseTerms): MaybePromise<Polled>;
  /**
   * Settles leases of this handle, each for itself, in one commit where it can. Never waits but for a lock (`lockWaitMs`, then
   * `BUFFER_BUSY`, effect none). The answer has one entry for each settlement, in order.
   */
  settle(settlements: readonly Settlement[]): MaybePromise<readonly Settled[]>;
  /** Ends the registration and releases the leases of this consumer. */
  close(): MaybePromise<void>;
}

/** Of the leases of one poll. */
export interface LeaseTerms {
  /** How long the lease is good for, in milliseconds, from 1 up; an `extend` starts the time again. */
  readonly leaseMs: number;
}

/** What a poll was handed. */
export interface Polled {
  /** In the order of their sequence. */
  readonly deliveries: readonly Delivery[];
  /**
   * Of a plain poll over a wire, where an item is consumed only when the authority knows that it has arrived: whether it does.
   * Until then core gives the items to nobody; meanwhile it may poll again. False: they are back in their places, and this poll
   * took nothing. Rejects as the poll would.
   */
  readonly confirmed?: Promise<boolean>;
  /** With no deliveries: `empty`; `drained` if sealed with nothing ready or leased, which is final; `open` if cancelled. */
  readonly state: "open" | "empty" | "drained";
}

/** One hand-out of an item. */
export interface Delivery {
  readonly item: Uint8Array;
  /** As it was offered with it. */
  readonly envelope?: Uint8Array | undefined;
  /** Position in the buffer's one sequence of accepted items, from 1. */
  readonly sequence: number;
  /** Fences the lease: fresh for each hand-out and never used again. Absent for a plain poll. */
  readonly token?: LeaseToken;
  /** Hand-outs of this item, this one included. */
  readonly deliveries: number;
  /** Nacks, expiries and deaths of holders so far. */
  readonly failures: number;
}

/** Opaque to core. */
export type LeaseToken = string | number;

/**
 * - `ack`: the item is done; its slot is free.
 * - `nack`: it failed. `failures` + 1; at `failuresMax` it moves to the dead letters, else it is ready again at its place,
 *   after `delayMs`, during which it counts as leased.
 * - `release`: it was not tried. Ready again at its place, no failure.
 * - `extend`: the lease's time starts again, with this `leaseMs`.
 * - `bury`: to the dead letters at once.
 *
 * An item due for a full dead-letter list is parked: it keeps its slot. When the list has room, the parked one of the
 * smallest sequence moves on, in the commit that makes the room.
 */
export type Settlement =
  | { readonly kind: "ack"; readonly token: LeaseToken }
  | { readonly kind: "nack"; readonly token: LeaseToken; readonly reason: string; readonly delayMs: number }
  | { readonly kind: "release"; readonly token: LeaseToken }
  | { readonly kind: "extend"; readonly token: LeaseToken; readonly leaseMs: number }
  | { readonly kind: "bury"; readonly token: LeaseToken; readonly reason: string };

/** `lost`: the token is not current, because the lease was settled, expired and handed on, or was taken from the dead. */
export type Settled = "settled" | "lost";

/** The bounded list of dead letters. Its methods wait and reject as `BufferPort.counts` does. */
export interface DeadLetterPort {
  /** The oldest first; at most `max`, those after `afterSequence` (default 0: from the start). */
  list(max: number, afterSequence?: number): Promise<readonly DeadLetter[]>;
  /**
   * Puts it back at the tail with failures and deliveries 0 and a new sequence. It leaves the dead and is not produced
   * again: the ledger stays balanced. Parked items move up into the room it leaves, in the same commit.
   */
  requeue(sequence: number): Promise<"requeued" | "full" | "sealed" | "missing">;
  /** Removes it for good, counted as discarded. */
  remove(sequence: number): Promise<"removed" | "missing">;
}

/** An item that failed `failuresMax` times or was buried. */
export interface DeadLetter {
  readonly item: Uint8Array;
  /** As it was offered with it. */
  readonly envelope?: Uint8Array | undefined;
  readonly sequence: number;
  /** Of the settlement that ended it; `lease expired` or `holder died` where nobody could say. */
  readonly reason: string;
  readonly deliveries: number;
  readonly failures: number;
}

/** How long a port may wait for room, for an item, or for the end. */
export interface Wait {
  /** Upper bound in milliseconds of monotonic time; 0: do not wait; may be `Infinity`. Returning early is legal. */
  readonly maxMs: number;
  /**
   * Ends the wait early. The port then answers what is true: what was accepted or handed out, or nothing. It must not
   * reject with the signal's reason. One signal serves many calls: remove your listener when the wait is over.
   */
  readonly signal: AbortSignal;
  /**
   * To be called once by the port when it has found the buffer full (or empty, or not drained) and begins to wait.
   * Core then answers try-calls that stand behind this one, and tells whoever watches; for one that comes later it asks
   * for the `counts`, and ends the wait by `signal` if there is room, or an item, meanwhile.
   */
  readonly onWait: () => void;
}

/**
 * The ledger. Each number is counted by the transport in the same commit as the item it is about, none is derived, and
 * `produced = consumed + ready + leased + parked + dead + discarded`, `ready + leased + parked <= capacity`.
 */
export interface BufferCounts {
  readonly ready: number;
  /** Handed out under a lease, or nacked with a delay that has not passed. */
  readonly leased: number;
  /** Due for the dead letters, which are full. */
  readonly parked: number;
  readonly dead: number;
  readonly discarded: number;
  /** Items ever accepted. */
  readonly produced: number;
  /** Plain takes and acks, ever. */
  readonly consumed: number;
  /** The most `ready + leased + parked` ever was, taken at the commit. */
  readonly peak: number;
  readonly sealed: boolean;
  /** Offers that wait for room now, in all processes, as far as the transport can see. */
  readonly waitingProducers: number;
  /** Polls that wait for an item now. */
  readonly waitingConsumers: number;
}

/** What a transport may declare; all else is required of it. Data, verified by the contract suite. */
export interface TransportCapabilities {
  /** Who can open the buffer. */
  readonly reach: "process" | "host" | "network";
  /** What an accepted item outlives. The authority is the broker or server process, where there is one. */
  readonly survives: readonly Survival[];
  /** `upper-bound`: never below the true peak, never above capacity; `lower-bound`: never above the true peak. */
  readonly peak: "exact" | "upper-bound" | "lower-bound";
  /** Where an item that comes back stands. */
  readonly returned: "in-place" | "best-effort";
  /** Who refuses a late ack: the authority, by the token, or a clock. */
  readonly fencing: "authority" | "clock";
  readonly deadLetter: "atomic" | "two-step";
  /** Whether a release raises the count of failures. */
  readonly release: "free" | "counts";
  readonly putOutcome: "known" | "may-be-unknown";
  /** How long a retried offer is answered from memory. */
  readonly retryWindowMs: number | "unbounded";
}

/** What an accepted item outlives: a process that uses it, its broker or server, a power cut, the loss of its host. */
export type Survival = "participant" | "authority" | "power-loss" | "host-loss";
