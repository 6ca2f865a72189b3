/** Servers and buffers that are gone after the test. */

import { type BoundedBuffer, type BufferSettings, createBuffer, openBuffer } from "@sluice/core";
import type { Place } from "@sluice/test-support";
import { onTestFinished } from "vitest";
import { type RedisTransportOptions, redisTransport } from "../../dist/index.js";
import { program, RedisServer } from "./redis-server.mjs";

/** Why a test of a server is skipped. */
export const noServer: boolean = program === undefined;

export async function server(args: readonly string[] = [], place: Partial<Place> = {}): Promise<RedisServer> {
  const started = await RedisServer.start(args, place);
  onTestFinished(() => started.stop());
  return started;
}

let names = 0;

/** A buffer under a name of its own. */
export async function made(
  url: string,
  settings: BufferSettings,
  options: Partial<RedisTransportOptions> = {},
): Promise<{
  readonly buffer: BoundedBuffer<string>;
  readonly another: () => Promise<BoundedBuffer<string>>;
}> {
  names += 1;
  const transport = redisTransport({ url, name: `test-${names}`, ...options } as RedisTransportOptions);
  const buffer = await createBuffer<string>(transport, settings);
  const another = async () => {
    const handle = await openBuffer<string>(transport);
    onTestFinished(() => handle.close());
    return handle;
  };
  onTestFinished(() => buffer.close());
  return { buffer, another };
}

/** All that is in it, taken. */
export async function drain(buffer: BoundedBuffer<string>): Promise<string[]> {
  const consumer = await buffer.consumer();
  const values: string[] = [];
  for (let one = await consumer.tryTake(); one !== "empty" && !one.done; one = await consumer.tryTake())
    values.push(one.value);
  return values;
}
