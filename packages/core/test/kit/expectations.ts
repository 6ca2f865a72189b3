/** What tests of core ask again and again. */

import { type Delivery, type ErrorCode, isBufferError } from "@sluice/core";
import { expect } from "vitest";

/** The fault that a call rejects with; fails if it resolves, or rejects with another code. */
export async function faultOf(call: Promise<unknown>, code: ErrorCode): Promise<Error & { effect: string }> {
  const error: unknown = await call.then(
    (value) => expect.fail(`Expected ${code}, but the call resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!isBufferError(error)) throw error;
  expect(error.code, error.message).toBe(code);
  return error;
}

/** Whether a promise is settled once everything that can happen at once has happened. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const mark = {};
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(mark)]).catch(() => undefined)) === mark;
}

const encoder = new TextEncoder();

/** An item as it stands at the port. */
export function item(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The values in items of the port. */
export function values(items: readonly Uint8Array[]): unknown[] {
  return items.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
}

/** What a port hands out. */
export function delivery(value: unknown, sequence: number, token?: string): Delivery {
  return {
    item: value instanceof Uint8Array ? value : item(value),
    sequence,
    deliveries: 1,
    failures: 0,
    ...(token === undefined ? {} : { token }),
  };
}

/** Options, one of which cannot be read. */
export function throwing(name: string): object {
  const get = () => {
    throw new Error("not to be read");
  };
  return Object.defineProperty({}, name, { enumerable: true, get });
}
