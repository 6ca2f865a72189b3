// A buffer in partitions, as the README's "Scaling out" has it: what stays true of them together.

import { createHash } from "node:crypto";
import type { BoundedBuffer } from "@sluice/core";
import { expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const PARTITIONS = 4;
const CAPACITY = 8;
const KEYS = 10;
const ITEMS_PER_KEY = 20;

function partitionOf<B>(partitions: readonly B[], key: string): B {
  return partitions[createHash("sha1").update(key).digest().readUInt32LE() % partitions.length] as B;
}

async function drained(buffer: BoundedBuffer<string>, got: string[]): Promise<void> {
  for await (const value of await buffer.consumer()) got.push(value);
}

test.skipIf(noServer)("bound as a sum, order for each key, the end of all", async () => {
  const redis = await server();
  const partitions: BoundedBuffer<string>[] = [];
  for (let n = 0; n < PARTITIONS; n++)
    partitions.push(
      (await made(redis.url, { capacity: CAPACITY / PARTITIONS }, { name: `jobs#${n}` })).buffer,
    );
  const got: string[] = [];
  // A loop for each partition: none is left alone.
  const consuming = partitions.map((one) => drained(one, got));
  const producing = Array.from({ length: KEYS }, async (_, key) => {
    const producer = await partitionOf(partitions, `key ${key}`).producer();
    for (let n = 0; n < ITEMS_PER_KEY; n++) await producer.put(`${key}:${n}`);
  });
  await Promise.all(producing);
  await Promise.all(partitions.map((one) => one.seal()));
  await Promise.all(consuming);
  expect(new Set(got).size).toBe(KEYS * ITEMS_PER_KEY);
  for (let key = 0; key < KEYS; key++) {
    const ofKey = got.filter((value) => value.startsWith(`${key}:`));
    expect(ofKey).toEqual(Array.from({ length: ITEMS_PER_KEY }, (_, n) => `${key}:${n}`));
  }
  const counts = await Promise.all(partitions.map((one) => one.counts()));
  const total = counts.reduce((sum, { consumed }) => sum + consumed, 0);
  expect(total).toBe(KEYS * ITEMS_PER_KEY);
  const peak = counts.reduce((sum, one) => sum + one.peak, 0);
  expect(peak).toBeLessThanOrEqual(CAPACITY);
});
