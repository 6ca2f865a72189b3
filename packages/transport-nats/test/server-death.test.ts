// A server that is killed, and started again: nobody who waits hangs, and nothing that it keeps is lost.

import { until } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

describe.skipIf(noServer)("a server is killed", () => {
  test("while everybody waits: they go on waiting, and are served", async () => {
    const nats = await server();
    const [empty, full] = [await made(nats.url, { capacity: 1 }), await made(nats.url, { capacity: 1 })];
    const taker = await empty.another();
    await (await full.buffer.producer()).put("first");
    const take = (await taker.consumer()).take();
    const put = (await full.buffer.producer()).put("second");
    await until(async () => (await taker.counts()).waitingConsumers === 1, "the take waits");
    await until(async () => (await full.buffer.counts()).waitingProducers === 1, "the put waits");
    await nats.kill();
    await nats.start();
    await (await empty.buffer.producer()).put("one");
    expect(await take).toEqual({ done: false, value: "one" });
    expect(await (await (await full.another()).consumer()).take()).toEqual({ done: false, value: "first" });
    await put;
  });
});
