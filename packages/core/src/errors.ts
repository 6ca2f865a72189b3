/** Every error that Sluice makes, by code. Callers act on the code; messages may improve at any time. */

/**
 * | code | when | what to do |
 * |---|---|---|
 * | `BUFFER_EXISTS` | create, and there is a buffer already | open it, or use `openOrCreateBuffer` |
 * | `BUFFER_NOT_FOUND` | open, and there is none | create it first |
 * | `NOT_A_BUFFER` | the place holds something that Sluice did not make | choose another place; it was not touched |
 * | `SETTINGS_MISMATCH` | open with other settings than it was created with; both are named | agree on them |
 * | `VERSION_UNSUPPORTED` | another format, protocol or interface version; both are named | use matching versions |
 * | `BUFFER_SEALED` | put after the seal | stop producing; the item is not in the buffer |
 * | `BUFFER_DESTROYED` | the buffer was removed while this handle was open | close the handle |
 * | `BUFFER_BUSY` | a lock is held by a stopped process; named, with since when | try again, or look at that process |
 * | `HANDLE_CLOSED` | the handle was closed, or its producer id has a newer holder | open another |
 * | `WAIT_TIMED_OUT` | `timeoutMs` passed | nothing happened; try again |
 * | `ITEM_TOO_LARGE` | more bytes than `itemBytesMax` | a larger limit at create, or smaller items |
 * | `ITEM_UNENCODABLE` | the codec cannot encode the value; nothing was put | another codec, or another value |
 * | `ITEM_UNDECODABLE` | the codec cannot decode the bytes, which the error carries | look at `error.item` |
 * | `LEASE_LOST` | the lease expired and was handed on, or was settled otherwise | drop the work; somebody else has it |
 * | `OUTCOME_UNKNOWN` | the authority could not say whether it took place | make the work idempotent |
 * | `STORAGE_FULL` | no space for another item; take, ack and seal still work | free space, or consume |
 * | `STORAGE_FAILED` | the medium failed; the handle is not to be trusted any more | close, look at `cause` |
 * | `DATA_CORRUPT` | stored data fails its checks; it was not served and not touched | restore or remove it by hand |
 * | `CAPABILITY_MISSING` | a wish that this transport or platform cannot meet | another transport, or drop the wish |
 * | `TRANSPORT_UNAVAILABLE` | broker or server out of reach | try again later |
 * | `INSECURE_BIND` | listening beyond this host without keys | configure keys |
 * | `TOO_MANY_WAITERS` | more than `waitersMax` calls wait on one handle | await some of them first |
 * | `PERMISSION_DENIED` | the operating system or server refuses | mend the rights |
 * | `INVALID_ARGUMENT` | misuse: what was expected and what came are named | mend the call |
 * | `WORKER_FAILED` | a worker of a run could not be loaded, or crashed | look at `cause` |
 */
export const ERROR_CODES = [
  "BUFFER_EXISTS",
  "BUFFER_NOT_FOUND",
  "NOT_A_BUFFER",
  "SETTINGS_MISMATCH",
  "VERSION_UNSUPPORTED",
  "BUFFER_SEALED",
  "BUFFER_DESTROYED",
  "BUFFER_BUSY",
  "HANDLE_CLOSED",
  "WAIT_TIMED_OUT",
  "ITEM_TOO_LARGE",
  "ITEM_UNENCODABLE",
  "ITEM_UNDECODABLE",
  "LEASE_LOST",
  "OUTCOME_UNKNOWN",
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "DATA_CORRUPT",
  "CAPABILITY_MISSING",
  "TRANSPORT_UNAVAILABLE",
  "INSECURE_BIND",
  "TOO_MANY_WAITERS",
  "PERMISSION_DENIED",
  "INVALID_ARGUMENT",
  "WORKER_FAILED",
] as const;

/** One of `ERROR_CODES`, whose table says when it comes and what to do. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whether the operation took place: `none` means it did not, and may be tried again. */
export type Effect = "none" | "unknown";

/** What an adapter may say of a fault beside its code and message. */
export interface BufferErrorOptions {
  /** Name of the transport it came from, where it came from one. */
  readonly transport?: string;
  /** Default `none`; `OUTCOME_UNKNOWN` is always `unknown`. */
  readonly effect?: Effect;
  readonly cause?: unknown;
}

// A symbol of the global registry, so that errors are recognised across two copies of core in one process.
const BRAND = Symbol.for("@sluice/core.BufferError");

/** A fault. Recognise one with `isBufferError`, which works across copies of core; `instanceof` does not. */
export class BufferError extends Error {
  override readonly name: string = "BufferError";
  readonly code: ErrorCode;
  readonly transport: string | undefined;
  readonly effect: Effect;

  constructor(code: ErrorCode, message: string, options: BufferErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.transport = options.transport;
    this.effect = options.effect ?? (code === "OUTCOME_UNKNOWN" ? "unknown" : "none");
    brand(this);
  }
}

/** `ITEM_UNDECODABLE`: carries the bytes as the codec got them, and what else the same call had taken. */
export class UndecodableItemError extends BufferError {
  /** The codec's bytes, without the envelope. */
  readonly item: Uint8Array;
  /** The other values of the same `takeMany`, which are consumed as well. */
  readonly values: readonly unknown[];
  /** All items of the call that could not be decoded; `item` is the first. */
  readonly items: readonly Uint8Array[];

  constructor(
    message: string,
    item: Uint8Array,
    values: readonly unknown[],
    options: BufferErrorOptions & { readonly items?: readonly Uint8Array[] } = {},
  ) {
    super("ITEM_UNDECODABLE", message, options);
    this.item = item;
    this.values = values;
    this.items = options.items ?? [item];
  }
}

/** What `isBufferError` vouches for; misuse is a `TypeError` or `RangeError` of the same shape. */
export interface BufferFault extends Error {
  readonly code: ErrorCode;
  readonly transport: string | undefined;
  readonly effect: Effect;
}

/** Whether Sluice made this error, and, if a code is given, whether it has that code. */
export function isBufferError(error: unknown, code?: ErrorCode): error is BufferFault {
  return (
    error instanceof Error && BRAND in error && (code === undefined || Reflect.get(error, "code") === code)
  );
}

// Faults of the user's choice of place or settings; all others are the transport's.
const WRONG_USE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INVALID_ARGUMENT",
  "BUFFER_EXISTS",
  "BUFFER_NOT_FOUND",
  "NOT_A_BUFFER",
  "SETTINGS_MISMATCH",
  "VERSION_UNSUPPORTED",
  "CAPABILITY_MISSING",
  "PERMISSION_DENIED",
  "INSECURE_BIND",
]);

/** Whether another choice of place or settings would mend it: a command line that meets it was used wrongly (exit code 2). */
export function isWrongUse(error: unknown): error is BufferFault {
  return isBufferError(error) && WRONG_USE.has(error.code);
}

/** Misuse: a value of the wrong type. Says what was expected and what came. */
export function wrongType(
  what: string,
  expected: string,
  seen: unknown,
  code: ErrorCode = "INVALID_ARGUMENT",
): TypeError {
  return misuse(new TypeError(`Expected ${what} to be ${expected}, got ${show(seen)}`), code);
}

/** Misuse: a value of the right type, but out of its range. */
export function outOfRange(
  what: string,
  expected: string,
  seen: unknown,
  code: ErrorCode = "INVALID_ARGUMENT",
): RangeError {
  return misuse(new RangeError(`Expected ${what} to be ${expected}, got ${show(seen)}`), code);
}

/** A value for a message: at most 64 characters, control characters escaped, never throwing. */
export function show(value: unknown): string {
  let text: string;
  try {
    if (typeof value === "string") text = JSON.stringify(value);
    else if (typeof value === "bigint") text = `${value}n`;
    else if (typeof value === "function") text = "a function";
    else if (Array.isArray(value)) text = `an array of ${value.length}`;
    else if (typeof value === "object" && value !== null)
      text = `an object (${value.constructor?.name ?? "no prototype"})`;
    else text = String(value);
  } catch {
    text = "a value that cannot be shown";
  }
  const safe = text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (safe.length <= 64) return safe;
  // A quote that was opened is closed again.
  return typeof value === "string" ? `${safe.slice(0, 62)}…"` : `${safe.slice(0, 63)}…`;
}

function misuse<E extends Error>(error: E, code: ErrorCode): E {
  return brand(Object.assign(error, { code, transport: undefined, effect: "none" as Effect }));
}

function brand<E extends Error>(error: E): E {
  Object.defineProperty(error, BRAND, { value: true });
  return error;
}
