/** Servers and buffers that are gone after the test. */

import { type BoundedBuffer, type BufferSettings, createBuffer, openBuffer } from "@sluice/core";
import { type Place, until } from "@sluice/test-support";
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

/** A replica that has its master's data, and is counted by it. */
export async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const replica = await server([
    "--replicaof",
    "127.0.0.1",
    String(master.port),
    "--repl-diskless-sync-delay",
    "0",
  ]);
  await until(
    async () => /master_link_status:up/.test(await replica.command("INFO", "replication")),
    "the replica has its master's data",
  );
  await until(
    async () => /connected_slaves:1/.test(await master.command("INFO", "replication")),
    "it is counted",
  );
  return replica;
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
