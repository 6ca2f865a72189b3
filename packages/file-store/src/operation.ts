/**
 * What a commit says: a list of operations, each with all that is not already in the state it is applied to (times,
 * names, the items' lengths), so that everyone who applies the same commits holds the same state.
 */

/** Which process holds something, told so that a later process with the same number is not taken for it. */
export interface Identity {
  readonly pid: number;
  /** Start time of the process as the system counts it, `""` where it cannot be read. */
  readonly started: string;
  /** Which boot of the machine, and which namespace of process numbers: others' pids mean nothing here. */
  readonly boot: string;
  readonly namespace: string;
}

/** A handle's process, and how far the handle has come. */
export interface Participant extends Identity {
  /** Number, in the handle's own count, of its last commit: tells a handle that was stopped what became of it. */
  lastTurn: number;
  /**
   * Numbers of the last commits with which it put and took items, 0 before the first, absent where it does not put or
   * take: who was served longest ago asks first.
   */
  lastPut?: number;
  lastTake?: number;
}

/** A settlement that was found valid when its commit was prepared. */
export type Act =
  | { readonly kind: "ack"; readonly token: string }
  | { readonly kind: "nack"; readonly token: string; readonly reason: string; readonly until: number }
  | { readonly kind: "release"; readonly token: string }
  | { readonly kind: "extend"; readonly token: string; readonly until: number }
  | { readonly kind: "bury"; readonly token: string; readonly reason: string };

/** Times (`at`, `until`) are milliseconds of the machine's monotonic clock in the segment's boot. */
export type Operation =
  /** A handle of this name is there, in this process; from now on in this one, if it was in another before. */
  | { readonly op: "join"; readonly handle: string; readonly identity: Identity }
  /** A handle was closed: its leases are released. */
  | { readonly op: "leave"; readonly handle: string }
  /** Its process was found dead: its leases have failed. */
  | { readonly op: "gone"; readonly handle: string }
  | { readonly op: "producer"; readonly id: string; readonly handle: string; readonly named: boolean }
  | { readonly op: "retire"; readonly id: string }
  | { readonly op: "consumer"; readonly handle: string }
  /**
   * The items' bytes stand behind the commit's head, in order, each with its envelope behind it. `sums` are the CRC-32 of both,
   * `envelopes` the lengths of the envelopes: absent where no item has one.
   */
  | {
      readonly op: "put";
      readonly id: string;
      readonly first: number;
      readonly lengths: readonly number[];
      readonly sums: readonly number[];
      readonly envelopes?: readonly number[];
    }
  /**
   * `to`: its maker has seen the items up to that one. Where a log lets others take in between, it has the first of them that are left,
   * which is then where it begins.
   */
  | { readonly op: "take"; readonly from: number; readonly count: number; readonly to?: number }
  | {
      readonly op: "lease";
      readonly from: number;
      readonly count: number;
      readonly to?: number;
      readonly handle: string;
      readonly until: number;
    }
  | { readonly op: "settle"; readonly acts: readonly Act[] }
  /** Leases and delays that ended by this time. */
  | { readonly op: "expire"; readonly at: number }
  | { readonly op: "seal"; readonly discard: boolean }
  | { readonly op: "requeue"; readonly sequence: number }
  | { readonly op: "remove"; readonly sequence: number }
  | { readonly op: "destroy" };
