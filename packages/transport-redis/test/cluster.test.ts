// Redis Cluster: buffers in their slots; the slot of one is moved while it is used, and the node that owns it then is killed.

import { createBuffer, openBuffer } from "@sluice/core";
import { consume, insist, sum, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { redisTransport } from "../dist/index.js";
import { clusterRule, minimalRule } from "./support/acl-rule.js";
import { RedisCluster } from "./support/cluster.js";
import { drain, noServer } from "./support/servers.js";

const ITEMS = 400;
/** Their slots are of three masters. */
const PARTITIONS = ["orders#0", "orders#1", "orders#2"];

test.skipIf(noServer)(
  "a buffer's slot is moved, its new owner is killed, and its replica takes over",
  { timeout: 240_000 },
  async () => {
    // All by a user who may do what the README says, and no more.
    const cluster = await RedisCluster.start(["--user", ...minimalRule(), ...clusterRule()]);
    const connection = cluster.client({ username: "sluice", password: "secret" });
    const others = await Promise.all(
      PARTITIONS.map(async (name) => {
        const buffer = await createBuffer<string>(redisTransport({ connection, name }), { capacity: 3 });
        await (await buffer.producer()).putMany(["a", "b"]);
        return buffer;
      }),
    );
    const owners = await Promise.all(PARTITIONS.map((name) => cluster.ownerOf(`sluice:{${name}}`)));
    expect(new Set(owners.map((owner) => owner?.port)).size, "masters that the partitions are on").toBe(3);
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
    // A slot that is between two masters is used on: what needs all of its keys waits until they are together.
    const before = await cluster.ownerOf("sluice:{jobs}");
    const told = async (what: string) =>
      (await before?.command("INFO", "errorstats"))?.includes(`errorstat_${what}:`) === true;
    await cluster.move("sluice:{jobs}", () =>
      until(
        async () => (await told("TRYAGAIN")) || (await told("ASK")),
        "somebody asked for keys that were in two places",
      ),
    );
    const killed = await cluster.ownerOf("sluice:{jobs}");
    expect(killed?.port, "owner of the slot that was moved").toBeTypeOf("number");
    expect(killed?.port).not.toBe(before?.port);
    const { consumed } = await buffer.counts();
    await until(
      async () => (await buffer.counts()).consumed > Math.min(consumed, ITEMS - 1),
      "all go on there",
    );
    expect(await told("MOVED"), "clients were sent on by the old owner").toBe(true);
    await cluster.loseItsPatience();
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
