/** Assertions of the rules. Each says what was expected of whom, and what came instead. */

import { isDeepStrictEqual } from "node:util";
import { type BufferFault, type ErrorCode, isBufferError, show } from "@sluice/core";
import { handled } from "./quiet.js";

/** A rule was broken; everything else that a rule throws is a fault on the way to it. */
export class RuleBroken extends Error {
  override readonly name: string = "RuleBroken";
}

export function fail(message: string): never {
  throw new RuleBroken(message);
}

export function isTrue(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Deep and strict. @param what - the subject of the sentence: "the second take". */
export function equal<T>(actual: T, expected: T, what: string): void {
  if (!isDeepStrictEqual(actual, expected))
    fail(`Expected ${what} to be ${print(expected)}, got ${print(actual)}`);
}

/** A rejection with this code of the table; `effect` too where it is given. */
export function rejects(call: Promise<unknown>, code: ErrorCode, what: string): Promise<BufferFault> {
  return handled(faultOf(call, code, what));
}

async function faultOf(call: Promise<unknown>, code: ErrorCode, what: string): Promise<BufferFault> {
  let came: unknown;
  try {
    came = await call;
  } catch (error) {
    if (isBufferError(error, code)) return error;
    // The call itself broke a rule: it did not come in its time.
    if (error instanceof RuleBroken) throw error;
    const hasCode = error instanceof Error && Reflect.get(error, "code") === code;
    const but = hasCode ? ", which has the code, but that is no BufferError" : "";
    fail(`Expected ${what} to reject with ${code}, it rejected with ${describe(error)}${but}`);
  }
  fail(`Expected ${what} to reject with ${code}, it resolved with ${print(came)}`);
}

/** A rejection with this very object: an abort's reason. */
export function rejectsWith(call: Promise<unknown>, reason: unknown, what: string): Promise<void> {
  return handled(reasonOf(call, reason, what));
}

async function reasonOf(call: Promise<unknown>, reason: unknown, what: string): Promise<void> {
  let came: unknown;
  try {
    came = await call;
  } catch (error) {
    if (error === reason) return;
    if (error instanceof RuleBroken) throw error;
    fail(`Expected ${what} to reject with the caller's own reason, it rejected with ${describe(error)}`);
  }
  fail(`Expected ${what} to reject with the caller's own reason, it resolved with ${print(came)}`);
}

export function describe(error: unknown): string {
  if (isBufferError(error)) return `${error.code} (${error.message})`;
  return error instanceof Error ? `${error.name}: ${error.message}` : show(error);
}

/** A value for a message; whole where it is small, since "an object" helps nobody. */
export function print(value: unknown): string {
  if (value instanceof Uint8Array)
    return `${value.byteLength} bytes [${[...value.subarray(0, 16)].join(" ")}${value.byteLength > 16 ? " …" : ""}]`;
  if (value instanceof Error) return describe(value);
  if (typeof value === "object" && value !== null) {
    try {
      const text = JSON.stringify(value, (_, v) =>
        typeof v === "bigint" ? `${v}n` : v instanceof Uint8Array || v instanceof Error ? print(v) : v,
      );
      if (text !== undefined) return text.length > 400 ? `${text.slice(0, 399)}…` : text;
    } catch {
      // Cyclic: the short form will do.
    }
  }
  return show(value);
}
