/**
 * A buffer in Redis, over ioredis: what the ways to have one there have in common. Each worker has one connection, and its
 * calls go out in order; the server answers them in that order, also those that wait in it.
 */

import type { JsonValue } from "@sluice/core";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { loadPeer, readinessWith } from "./peer-package.js";
import { redisServerReadiness, startRedisServer, usageOfServer } from "./redis-server.js";
import { createdIn } from "./server-process.js";

/** Key of the items. */
export const ITEMS = "items";

/** What is used of ioredis. Text, not bytes: it sends that with less work, and items are ASCII. */
export interface Redis {
  blpop(key: string, timeoutS: number): Promise<[key: string, value: string] | null>;
  blmpop(
    timeoutS: number,
    keyCount: 1,
    key: string,
    end: "LEFT",
    count: "COUNT",
    max: number,
  ): Promise<[key: string, values: string[]] | null>;
  rpush(key: string, ...values: string[]): Promise<number>;
  /** Any command that it has no method for here. */
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  /** Commands that go out together, and their answers: an error, or none, before each. */
  pipeline(commands: readonly (readonly string[])[]): { exec(): Promise<[Error | null, unknown][] | null> };
  defineCommand(name: string, definition: { numberOfKeys: number; lua: string }): void;
  on(event: "error", listener: (error: Error) => void): void;
  once(event: "ready", listener: () => void): void;
  disconnect(): void;
}

interface RedisModule {
  readonly Redis: new (options: RedisOptions) => Redis;
}

interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly enableAutoPipelining: boolean;
  readonly maxRetriesPerRequest: null;
  readonly retryStrategy: () => null;
}

type Described =
  | "name"
  | "about"
  | "module"
  | "bound"
  | "isDurable"
  | "itemCount"
  | "unsuited"
  | "hasBatches"
  | "mayOverlap";

export interface RedisCandidate extends Pick<NodeCandidate, Described> {
  /** The commands that its workers send; others are run by scripts, in the server. */
  readonly sends: readonly string[];
  /** Of an empty buffer. */
  init?(redis: Redis, capacity: number): Promise<unknown>;
  putEnd(redis: Redis, capacity: number): PutEnd;
  /** @param index - which of the consumers. */
  takeEnd(redis: Redis, index: number): TakeEnd;
}

interface Place {
  readonly port: number;
  readonly capacity: number;
}

export function redisCandidate(candidate: RedisCandidate): NodeCandidate {
  const { isDurable = false, sends, init, putEnd, takeEnd, ...rest } = candidate;
  return {
    ...rest,
    isDurable,
    prepare: async ({ signal }) => readinessWith(await redisServerReadiness(signal), "ioredis"),
    create: ({ path: directory, capacity }) =>
      createdIn(startRedisServer(directory, isDurable), async ({ port }) => {
        const redis = await connected(port, false);
        await init?.(redis, capacity);
        return {
          address: { port, capacity } as JsonValue,
          usage: () => usageOfServer(port, sends),
          destroy: async () => redis.disconnect(),
        };
      }),
    start: startNodeWorkers,
    async connect(address, { outstanding, index }) {
      const { port, capacity } = address as unknown as Place;
      const redis = await connected(port, outstanding > 1);
      return {
        producer: async () => putEnd(redis, capacity),
        consumer: async () => takeEnd(redis, index),
        close: async () => redis.disconnect(),
      };
    },
  };
}

export function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

export function itemOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** @param hasMany - whether many calls are under way at once. */
async function connected(port: number, hasMany: boolean): Promise<Redis> {
  const { Redis } = loadPeer<RedisModule>("ioredis");
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    // One write for the commands of a turn: a fifth faster where there are many, and slower where there is one.
    enableAutoPipelining: hasMany,
    // A call that waits in the server is no call that failed.
    maxRetriesPerRequest: null,
    // The server is there, or the run has failed.
    retryStrategy: () => null,
  });
  await new Promise<void>((resolve, reject) => {
    redis.once("ready", resolve);
    redis.on("error", reject);
  });
  return redis;
}
