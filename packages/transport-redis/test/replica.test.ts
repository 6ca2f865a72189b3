// A put that a replica has to confirm: what is lost with the old master was never called accepted.

import { createBuffer, isBufferError, openBuffer } from "@sluice/core";
import { until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { redisTransport } from "../dist/index.js";
import { keysOf } from "../dist/keys.js";
import { drain, noServer, replicaOf, server } from "./support/servers.js";

test.skipIf(noServer)("a replica is promoted while the old master still answers", async () => {
  const master = await server(["--repl-diskless-sync-delay", "0"]);
  const alone = redisTransport({ url: master.url, name: "confirmed", confirm: "replica" });
  await expect(createBuffer(alone, { capacity: 100 })).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
  const replica = await replicaOf(master);
  const buffer = await createBuffer<string>(alone, { capacity: 100 });
  expect(buffer.capabilities.survives).toContain("host-loss");
  const producer = await buffer.producer();
  const confirmed: string[] = [];
  for (let n = 1; n <= 20; n++) {
    await producer.put(`${n}`);
    confirmed.push(`${n}`);
  }
  await replica.command("REPLICAOF", "NO", "ONE");
  // The old one goes on answering; nothing of that is promised.
  const late = await Promise.all(
    ["x", "y"].map((value) =>
      producer
        .put(value, { timeoutMs: 1_500 })
        .catch((error: unknown) => (isBufferError(error) ? error.code : error)),
    ),
  );
  // The second was not even offered: while an outcome is unknown nothing newer is.
  expect(late).toEqual(["OUTCOME_UNKNOWN", "WAIT_TIMED_OUT"]);
  const promoted = await openBuffer<string>(redisTransport({ url: replica.url, name: "confirmed" }));
  const found = await drain(promoted);
  expect(found.slice(0, confirmed.length)).toEqual(confirmed);
  for (const value of found.slice(confirmed.length)) expect(value).toBe("x");
  await promoted.destroy();
  await buffer.close();
});

test.skipIf(noServer)(
  "a put by a script that the master has to learn first is confirmed like any other",
  async () => {
    const master = await server(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "3600"]);
    const replica = await replicaOf(master);
    const transport = redisTransport({ url: master.url, name: "learning", confirm: "replica" });
    const buffer = await createBuffer<string>(transport, { capacity: 100 });
    const producer = await buffer.producer();
    await producer.put("the replica has it");
    // And has said so of all that was written: a `WAIT` behind nothing new is answered at once.
    await until(async () => {
      const info = await master.command("INFO", "replication");
      return /slave0:.*offset=(\d+)/.exec(info)?.[1] === /master_repl_offset:(\d+)/.exec(info)?.[1];
    }, "the replica has confirmed everything");
    await replica.pause();
    expect(await master.command("SCRIPT", "FLUSH")).toContain("+OK");
    const put = producer.put("nobody confirms it", { timeoutMs: 500 });
    await expect(put).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    replica.signal("SIGCONT");
    await buffer.destroy();
  },
);

test.skipIf(noServer)(
  "a producer whose accepted items the new master never heard of is told, and goes on",
  async () => {
    const master = await server(["--repl-diskless-sync-delay", "0"]);
    const replica = await replicaOf(master);
    const buffer = await createBuffer<string>(redisTransport({ url: master.url, name: "plain" }), {
      capacity: 100,
    });
    const producer = await buffer.producer({ id: "p" });
    await producer.put("both have it");
    const { name, id } = buffer.address.place as { name: string; id: string };
    const [, fresh = ""] = keysOf(name, id).put.named;
    await until(
      async () => (await replica.command("LLEN", fresh)).includes(":1"),
      "the replica has the item",
    );
    // It writes its file anew after it has had its master's data.
    await until(async () => {
      const info = await replica.command("INFO", "persistence");
      return /aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info);
    }, "the replica has it in its file");
    await replica.command("REPLICAOF", "NO", "ONE");
    await producer.putMany(["lost", "lost too"]);
    // The replica takes the old one's place.
    await master.kill();
    const port = master.port;
    await replica.kill();
    const successor = await server(["--dir", replica.folder], { port });
    const outcome = await producer
      .put("next")
      .catch((error: unknown) => (isBufferError(error) ? error.code : error));
    expect([undefined, "OUTCOME_UNKNOWN"]).toContain(outcome);
    await producer.put("and on");
    const found = await drain(buffer);
    expect(found.at(0)).toBe("both have it");
    expect(found.at(-1)).toBe("and on");
    expect(found).not.toContain("lost");
    await buffer.destroy();
    await successor.stop();
  },
);
