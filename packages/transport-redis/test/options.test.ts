// What is refused before anything is touched, and what stands at a place that is not ours.

import { readdirSync, readFileSync } from "node:fs";
import { createBuffer, openAddress } from "@sluice/core";
import { until } from "@sluice/test-support";
import { Cluster, type ClusterOptions, Redis } from "ioredis";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type RedisTransportOptions, redisTransport, transportAt } from "../dist/index.js";
import { keysOf } from "../dist/keys.js";
import { slotOf } from "../dist/link.js";
import { scripts } from "../dist/scripts.js";
import { serverAgain, serverOf } from "../dist/server-place.js";
import { noServer, server } from "./support/servers.js";

const url = "redis://127.0.0.1:1";

test.each([
  [undefined, "options of redisTransport"],
  [{ url }, "`name`"],
  [{ url, name: "" }, "`name`"],
  [{ url, name: "x".repeat(201) }, "`name`"],
  [{ name: "a", url: "http://somewhere" }, "scheme"],
  [{ name: "a", url: "redis://secret@:x:y" }, "`url`"],
  [{ name: "a", url: "redis://h/x" }, "database"],
  [{ name: "a", url: "redis://:secret%@h" }, "password"],
  [{ name: "a" }, "`url`"],
  [{ name: "a", url, connection: {} }, "`connection`"],
  [{ name: "a", connection: {} }, "`connection`"],
  [{ name: "a", url, confirm: "all" }, "`confirm`"],
  [{ name: "a", url, fallbackMs: 1 }, "`fallbackMs`"],
  [{ name: "a", url, confrim: "replica" }, "`confirm`"],
])("refuses %j, naming what is wrong", (options, named) => {
  const make = () => redisTransport(options as unknown as RedisTransportOptions);
  expect(make).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(named) }),
  );
  expect(make).not.toThrow(/secret/);
});

test("an address of another kind is refused", () => {
  const address = { module: "", transport: "redis", place: { urls: [], name: "a" } };
  expect(() => transportAt(address)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

test.each(["jobs", "a b", "{x}", "ä%", "a}b{c"])("all keys of a buffer named %j lie in one slot", (name) => {
  const { all, place, kick } = keysOf(name, "id");
  expect(new Set([...all, place, kick("h")].map(slotOf)).size).toBe(1);
  expect(new Set(all).size).toBe(all.length);
});

test("every script in the folder is one that is used, and has its parts", () => {
  const folder = new URL("../lua/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".lua"));
  expect(Object.keys(scripts).map((name) => `${name}.lua`)).toEqual(expect.arrayContaining(files));
  const sources = files.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  for (const part of readdirSync(new URL("parts/", folder)))
    expect(sources).toContain(`--@include ${part.replace(/\.lua$/, "")}\n`);
  for (const { source } of Object.values(scripts)) expect(source).not.toContain("--");
});

test("the slot is that of the cluster specification", () => {
  expect(["foo", "{user1000}.following", "123456789"].map(slotOf)).toEqual([12182, 3443, 12739]);
});

test("connections like a cluster of one's own have its password, and none of its habits", () => {
  const redisOptions = { password: "kept", stringNumbers: true };
  const nodes = [{ host: "127.0.0.1", port: 1 }];
  const habits = { keyPrefix: "app:", scaleReads: "slave", enableAutoPipelining: true } as const;
  const { options } = serverOf(new Cluster(nodes, { lazyConnect: true, ...habits, redisOptions })).client();
  expect(options).toMatchObject({
    keyPrefix: "",
    scaleReads: "master",
    enableAutoPipelining: false,
    redisOptions: { password: "kept", keyPrefix: "", stringNumbers: false },
  });
});

test.each([
  ["redis://:kept@10.0.0.1:7000", "kept"],
  ["redis://:kept@10.0.0.2:7000", undefined],
])("where the environment names %s, a cluster at 10.0.0.1 is told %s", (known, password) => {
  vi.stubEnv("SLUICE_REDIS_URL", known);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { options } = serverAgain({ urls: ["redis://10.0.0.1:7000/0"], isCluster: true }).client();
  expect((options as ClusterOptions).redisOptions?.password).toBe(password);
});

describe.skipIf(noServer)("at a server", () => {
  test("a connection of one's own that has habits: others find the buffer all the same, and a wait is a wait", async () => {
    const redis = await server();
    const habits = { keyPrefix: "app:", stringNumbers: true, enableAutoPipelining: true, commandTimeout: 50 };
    const connection = new Redis(redis.url, { ...habits, lazyConnect: true });
    const transport = redisTransport({ connection, name: "habits", fallbackMs: 3_600_000 });
    const buffer = await createBuffer<string>(transport, { capacity: 1 });
    const take = (await buffer.consumer()).take();
    const there = await openAddress<string>(buffer.address);
    await until(async () => (await there.counts()).waitingConsumers === 1, "the take waits");
    await (await there.producer()).put("a");
    expect(await take).toEqual({ done: false, value: "a" });
    await there.close();
    await buffer.destroy();
  });

  test("what somebody else keeps under the name is refused and left alone", async () => {
    const redis = await server();
    await redis.command("SET", "sluice:{taken}", "mine");
    await redis.command("HSET", "sluice:{other}", "field", "mine");
    for (const name of ["taken", "other"]) {
      const transport = redisTransport({ url: redis.url, name });
      await expect(createBuffer(transport, { capacity: 1 })).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
      await expect(transport.open()).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
    }
    expect(await redis.command("GET", "sluice:{taken}")).toContain("mine");
  });

  test("another format is refused, naming both", async () => {
    const redis = await server();
    const transport = redisTransport({ url: redis.url, name: "later" });
    const buffer = await createBuffer(transport, { capacity: 1 });
    await redis.command("HSET", "sluice:{later}", "format", "7");
    const refusal = await transport.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "VERSION_UNSUPPORTED" });
    expect(String(refusal)).toMatch(/7.*1/);
    await buffer.destroy();
  });

  test("nobody there, or somebody who does not answer, is told within seconds", async () => {
    const nobody = redisTransport({ url, name: "a" });
    await expect(nobody.open()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE", effect: "none" });
    const redis = await server();
    await redis.pause();
    const stopped = redisTransport({ url: redis.url, name: "a" }).open();
    await expect(stopped).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    redis.signal("SIGCONT");
  });
});
