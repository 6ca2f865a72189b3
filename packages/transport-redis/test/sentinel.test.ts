// A master and its replica behind a Sentinel: the master dies, the replica is promoted, and the clients find it.

import { createBuffer, openAddress } from "@sluice/core";
import { outcomesOf, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { redisTransport } from "../dist/index.js";
import { Sentinel } from "./support/sentinel.js";
import { drain, noServer, replicaOf, server } from "./support/servers.js";

/** It takes a Sentinel some three seconds, and half a minute more where the machine stood still for two of them. */
const FAILOVER_MS = 90_000;

test.skipIf(noServer)(
  "a Sentinel fails over: who is connected follows, and what no replica had is unknown",
  { timeout: 300_000 },
  async () => {
    const master = await server(["--repl-diskless-sync-delay", "0"]);
    const replica = await replicaOf(master);
    const sentinel = await Sentinel.start(master);
    const transport = redisTransport({ connection: sentinel.client(), name: "jobs", confirm: "replica" });
    const buffer = await createBuffer<string>(transport, { capacity: 100 });
    // Another process has an address, and no connection of the user's.
    const other = await openAddress<string>(JSON.parse(JSON.stringify(buffer.address)));
    const take = (await other.consumer()).take();
    const producer = await buffer.producer({ id: "p" });
    await producer.put("first");
    expect(await take).toEqual({ done: false, value: "first" });
    const confirmed = Array.from({ length: 20 }, (_, i) => `${i}`);
    expect(await producer.putMany(confirmed)).toBe(confirmed.length);
    await until(
      async () => (await sentinel.replicaCount()) === 1,
      "the Sentinel knows of the replica",
      FAILOVER_MS,
    );

    await replica.pause();
    const late = await outcomesOf({ unconfirmed: producer.put("x", { timeoutMs: 500 }) }, FAILOVER_MS);
    expect(late).toEqual({ unconfirmed: "OUTCOME_UNKNOWN" });
    await master.kill();
    replica.signal("SIGCONT");
    await replica.command("PING");
    await sentinel.loseItsPatience();
    await until(
      async () => (await sentinel.masterPort()) === replica.port,
      "the Sentinel has promoted the replica",
      FAILOVER_MS,
    );
    // Both handles are the ones from before; that of the other process has been told of nothing.
    await until(
      async () => (await other.counts().catch(() => undefined)) !== undefined,
      "the clients follow",
      FAILOVER_MS,
    );
    const { ready } = await buffer.counts();
    expect([confirmed.length, confirmed.length + 1], "what is left there").toContain(ready);

    await replicaOf(replica);
    await until(
      () =>
        producer.put("last", { timeoutMs: 5_000 }).then(
          () => true,
          () => false,
        ),
      "a put is confirmed by the new master's replica",
      FAILOVER_MS,
    );
    const found = await drain(other);
    expect(found.slice(0, confirmed.length)).toEqual(confirmed);
    // Of unknown outcome: there or not; and the last one, which insisted, in the end.
    expect(found.at(-1)).toBe("last");
    for (const value of found.slice(confirmed.length)) expect(["x", "last"]).toContain(value);
    await other.close();
    await buffer.destroy();
  },
);
