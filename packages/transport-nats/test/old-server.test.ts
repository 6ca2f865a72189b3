// The system's own server, beside the current one that everything else is tested on: Debian's is years behind.

import { createBuffer } from "@sluice/core";
import { until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { natsTransport } from "../dist/index.js";
import { NatsServer, systemsOwn } from "./support/nats-server.mjs";

if (systemsOwn === undefined)
  console.log("There is no other server here than the one that everything is tested on");

test.skipIf(systemsOwn === undefined)(
  "one replica is kept there as well, and three are refused",
  async () => {
    const nats = await NatsServer.start("", {}, systemsOwn);
    onTestFinished(() => nats.stop());
    const transport = natsTransport({ url: nats.url, name: "old" });
    const settings = { capacity: 2, failuresMax: 2 };
    const buffer = await createBuffer<string>(transport, settings);
    const [producer, consumer] = [await buffer.producer({ id: "p" }), await buffer.consumer()];
    const take = consumer.take();
    await producer.putMany(["a", "b", "c"]);
    expect(await take).toEqual({ done: false, value: "a" });
    expect(await producer.tryPut("d")).toBe("full");
    // The time is the server's: there it is asked for in another way.
    const lease = await consumer.lease({ leaseMs: 100 });
    if (lease.done) throw new Error("Expected an item, got the end");
    await until(async () => (await buffer.counts()).ready === 2, "the lease is over");
    await expect(lease.value.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await nats.kill();
    await nats.start();
    const [again, other] = await consumer.leaseMany(2);
    expect([again?.value, again?.deliveries, other?.value]).toEqual(["b", 2, "c"]);
    await again?.nack({ reason: "twice" });
    await other?.ack();
    await buffer.seal();
    expect(await consumer.take()).toEqual({ done: true });
    expect((await buffer.deadLetters().list()).map((letter) => letter.decode())).toEqual(["b"]);
    await buffer.destroy();
    const three = natsTransport({ url: nats.url, name: "three", replicas: 3 });
    await expect(createBuffer(three, { capacity: 1 })).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
  },
);
