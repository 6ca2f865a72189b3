// Redis Cluster: buffers in their slots, and the node that owns one is killed.

import { createBuffer, openBuffer } from "@sluice/core";
import { consume, insist, sum, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { redisTransport } from "../dist/index.js";
import { RedisCluster } from "./support/cluster.js";
import { drain, noServer } from "./support/servers.js";

const ITEMS = 200;

test.skipIf(noServer)(
  "the owner of a buffer is killed, and its replica takes over",
  { timeout: 240_000 },
  async () => {
    const cluster = await RedisCluster.start();
    const connection = cluster.client();
    const others = await Promise.all(
      ["one", "two", "three"].map(async (name) => {
        const buffer = await createBuffer<string>(redisTransport({ connection, name }), { capacity: 3 });
        await (await buffer.producer()).putMany(["a", "b"]);
        return buffer;
      }),
    );
    for (const other of others) {
      expect(await drain(other)).toEqual(["a", "b"]);
      await other.destroy();
    }

    const transport = redisTransport({ connection, name: "jobs", confirm: "replica" });
    const buffer = await createBuffer<string>(transport, { capacity: 5, failuresMax: 1_000 });
    const handles = await Promise.all([openBuffer<string>(transport), openBuffer<string>(transport)]);
    const [near, far] = handles;
    const consuming = consume(near);
    const producing = insist(far, "p", ITEMS);
    await until(async () => (await buffer.counts()).consumed > ITEMS / 4, "all are at work");
    const killed = await cluster.ownerOf("sluice:{jobs}");
    await killed?.kill();
    await until(
      async () => (await cluster.ownerOf("sluice:{jobs}")) !== undefined,
      "its replica has taken over",
    );
    // As the replica of its successor, for until there is one again nothing is confirmed.
    await killed?.start();
    await producing;
    await buffer.seal();
    const account = await consuming;
    const { values, unsure } = sum([account]);
    const missing = Array.from({ length: ITEMS }, (_, i) => `p-${i + 1}`).filter(
      (value) => !values.includes(value),
    );
    expect(missing.length, `missing ${missing.join(", ")}`).toBeLessThanOrEqual(unsure);
    const { ready, leased, dead } = await buffer.counts();
    expect({ ready, leased, dead }).toEqual({ ready: 0, leased: 0, dead: 0 });
    await Promise.all(handles.map((handle) => handle.close()));
    await buffer.destroy();
  },
);
