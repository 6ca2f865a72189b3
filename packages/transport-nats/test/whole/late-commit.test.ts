// A put is held up on its way, sent again, refused, and arrives when its caller has been told that the buffer is full.

import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { openBuffer } from "@sluice/core";
import { until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { natsTransport } from "../../dist/index.js";
import { asked, made, noServer, server, streamsIn } from "../support/servers.js";

/** A way to a server on which what clients send can be held up, and let go when they are not there any more. */
async function slowWayTo(port: number) {
  const sockets = new Set<Socket>();
  const heldUp = new Set<Socket>();
  let held: (() => void)[] = [];
  const proxy = createServer((near) => {
    const far = dial(port, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
    near.on("data", (data) => {
      if (heldUp.has(near)) held.push(() => far.write(data));
      else far.write(data);
    });
    near.once("close", () => heldUp.has(near) || far.end());
    far.on("data", (data) => near.write(data));
    far.once("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `nats://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    /** Not on connections that are made from now on. */
    holdUp() {
      for (const socket of sockets) heldUp.add(socket);
    },
    isHolding: () => held.length > 0,
    letGo() {
      for (const go of held) go();
      held = [];
    },
  };
}

test.skipIf(noServer)(
  "a put that was refused when it was sent again does not count when it comes",
  async () => {
    const nats = await server();
    const way = await slowWayTo(nats.port);
    const { buffer } = await made(nats.url, { capacity: 1 }, { name: "late" });
    const far = await openBuffer<string>(natsTransport({ url: way.url, name: "late" }));
    onTestFinished(() => far.close());
    const [late, other, consumer] = [await far.producer(), await buffer.producer(), await buffer.consumer()];
    await late.put("first");
    await consumer.take();
    // Now it knows that there is room.
    expect(await far.counts()).toMatchObject({ ready: 0 });
    way.holdUp();
    const answer = late.tryPut("late");
    await until(() => way.isHolding(), "the put is held up");
    await other.put("other");
    expect(await answer).toBe("full");
    expect(await consumer.take()).toEqual({ done: false, value: "other" });
    const messages = () =>
      asked(
        nats.url,
        async (jsm) => (await jsm.streams.info((await streamsIn(jsm))[0] ?? "")).state.last_seq,
      );
    const before = await messages();
    way.letGo();
    await until(async () => (await messages()) > before, "the put arrives");
    expect(await buffer.counts()).toMatchObject({ produced: 2, consumed: 2, ready: 0 });
    expect(await late.tryPut("next")).toBe("accepted");
    expect(await consumer.take()).toEqual({ done: false, value: "next" });
  },
);
