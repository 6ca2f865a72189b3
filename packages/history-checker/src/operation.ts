/** What one process did to the buffer: one operation, from its invocation to its return. */

export const OPERATION_KINDS = ["put", "take", "lease", "ack", "nack", "release", "seal"] as const;

/** What was asked of the buffer. */
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OUTCOMES = ["ok", "full", "empty", "sealed", "end", "lost", "none", "unknown"] as const;

/**
 * - `ok`: it took place. `full`, `empty`, `sealed`, `end`, `lost`: the other regular answers.
 * - `none`: it failed, and certainly did not take place: a time-out, an abort.
 * - `unknown`: it failed, and may have taken place. So may an operation without any outcome: its process was killed.
 */
export type Outcome = (typeof OUTCOMES)[number];

/** One call, as its process wrote it down. */
export interface Operation {
  /** Name of the process, unique in the run: `producer-1`. */
  readonly process: string;
  /** Unique within the process. */
  readonly id: number;
  readonly kind: OperationKind;
  /** The item: unique in the run, `<producer>-<n>`. Of a take or lease it is known only from its return. */
  readonly value?: string;
  /** Of a lease: hand-outs of the item, this one included. Of a settlement: those of the lease that it settles. */
  readonly deliveries?: number;
  /**
   * Of a lease: milliseconds that it lasts at least, if its holder lives. What is leased may come back after that; without it,
   * at any time.
   */
  readonly leaseMs?: number;
  /** Of a put: bytes of the item, as the buffer's bound by bytes counts them. */
  readonly bytes?: number;
  /** Nanoseconds of the host's monotonic clock, from the start of the history. */
  readonly invokedAt: number;
  /** Infinity if it never returned. */
  readonly returnedAt: number;
  readonly outcome: Outcome | undefined;
}

/** One line of a process's file; `at` is the host's monotonic clock in nanoseconds. */
export type Line =
  | {
      readonly inv: number;
      readonly kind: OperationKind;
      readonly at: string;
      readonly value?: string;
      readonly deliveries?: number;
      readonly leaseMs?: number;
      readonly bytes?: number;
    }
  | {
      readonly ret: number;
      readonly at: string;
      readonly outcome: Outcome;
      readonly value?: string;
      readonly deliveries?: number;
    };

/** Whether it certainly took place, certainly did not, or may have. */
export function effectOf(operation: Operation): "yes" | "no" | "maybe" {
  if (operation.outcome === "ok") return "yes";
  return operation.outcome === undefined || operation.outcome === "unknown" ? "maybe" : "no";
}

/** For messages: `take of producer-1-3 by consumer-2 (#7, 1.204 ms to 1.301 ms, ok)`. */
export function describeOperation(operation: Operation): string {
  const ms = (at: number) => (Number.isFinite(at) ? `${(at / 1e6).toFixed(3)} ms` : "no return");
  const of = operation.value === undefined ? "" : ` of ${operation.value}`;
  const nth = operation.deliveries === undefined ? "" : `, delivery ${operation.deliveries}`;
  const when = `${ms(operation.invokedAt)} to ${ms(operation.returnedAt)}`;
  const outcome = operation.outcome ?? "no outcome";
  return `${operation.kind}${of} by ${operation.process} (#${operation.id}${nth}, ${when}, ${outcome})`;
}
