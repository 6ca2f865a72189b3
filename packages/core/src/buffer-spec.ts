/** The settings of a buffer: what is agreed by everyone who opens it, with defaults and checks. */

import { ENVELOPE_BYTES_MAX } from "./envelope.js";
import { outOfRange, wrongType } from "./errors.js";

/** Written into the buffer when it is created, and the same for everyone who opens it. */
export interface BufferSpec {
  /** Most items in the buffer at any instant: ready, leased and parked together. Integer from 1. */
  readonly capacity: number;
  /** Most bytes of one item as the codec encodes it. Integer from 1. Default 65,536. */
  readonly itemBytesMax: number;
  /** Most bytes of all items in the buffer, envelopes included. Default: capacity full-size items fit. */
  readonly bufferBytesMax: number;
  /** At how many failures (nacks, expiries, deaths of holders) an item moves to the dead letters. From 1. Default 5. */
  readonly failuresMax: number;
  /** Most dead letters; an item due for a full list is parked in its slot. Integer from 0. Default: capacity. */
  readonly deadLettersMax: number;
  /** Name of the codec, so that two processes cannot disagree on it. Default `json`. */
  readonly codec: string;
}

/** What the creator asks of the medium beyond the spec; refused with `CAPABILITY_MISSING` where it cannot be had. */
export interface BufferWishes {
  /**
   * `fsync`: an accepted item outlives a power cut. `none`: it outlives processes, as far as the medium does.
   * Omitted: what the transport has as its default, `fsync` where there is a disk.
   */
  readonly durability?: "fsync" | "none";
}

/** `BufferSpec` as a caller gives it: only the capacity is required. */
export type BufferSettings = Pick<BufferSpec, "capacity"> & Partial<Omit<BufferSpec, "codec">>;

/** Of `itemBytesMax`, in bytes. */
export const ITEM_BYTES_MAX_DEFAULT: number = 64 * 1024;
/** Of `failuresMax`. */
export const FAILURES_MAX_DEFAULT = 5;

// Beyond this a count no longer fits the 32-bit fields that formats and shared regions use.
const COUNT_MAX = 2 ** 31 - 1;

/**
 * Fills in the defaults and checks every value.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT`, saying which setting, what was expected and what came.
 */
export function completeSpec(settings: BufferSettings, codec: string): BufferSpec {
  const capacity = countFrom(1, "`capacity`", settings.capacity);
  const itemBytesMax = countFrom(1, "`itemBytesMax`", settings.itemBytesMax ?? ITEM_BYTES_MAX_DEFAULT);
  const bufferBytesMax = settings.bufferBytesMax ?? bytesAtMost(capacity, itemBytesMax);
  // At least one largest item with its envelope: else there is one that never fits.
  countFrom(bytesAtMost(1, itemBytesMax), "`bufferBytesMax`", bufferBytesMax, Number.MAX_SAFE_INTEGER);
  const failuresMax = countFrom(1, "`failuresMax`", settings.failuresMax ?? FAILURES_MAX_DEFAULT);
  const deadLettersMax = countFrom(0, "`deadLettersMax`", settings.deadLettersMax ?? capacity);
  return { capacity, itemBytesMax, bufferBytesMax, failuresMax, deadLettersMax, codec };
}

/** The settings that differ, as `capacity: 5 here, 6 in the buffer`; empty where none does. */
export function specDifferences(expected: Partial<BufferSpec>, found: BufferSpec): string[] {
  const names = Object.keys(expected) as (keyof BufferSpec)[];
  return names
    .filter((name) => expected[name] !== undefined && expected[name] !== found[name])
    .map((name) => `${name}: ${expected[name]} here, ${found[name]} in the buffer`);
}

/** An integer in a range, or a typed error that names it. */
export function countFrom(min: number, what: string, value: unknown, max: number = COUNT_MAX): number {
  const expected = `an integer from ${min} to ${max}`;
  if (typeof value !== "number") throw wrongType(what, expected, value);
  if (!Number.isInteger(value) || value < min || value > max) throw outOfRange(what, expected, value);
  return value;
}

/** How many bytes so many items take at most, with their envelopes. */
export function bytesAtMost(items: number, itemBytesMax: number): number {
  return items * (itemBytesMax + ENVELOPE_BYTES_MAX);
}
