// Clients that keep to the protocol's form and to nothing else: what they do harms nobody but themselves.

import { openBuffer } from "@sluice/core";
import { unlessPaused, until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { Dealer } from "zeromq";
import { zeromqTransport } from "../dist/index.js";
import * as wire from "../dist/protocol.js";
import { madeBuffer } from "./support/buffers.js";
import { TcpProxy } from "./support/tcp-proxy.js";

const { Kind, Status } = wire;

/** Asks, and tells the replies by the id of their request. */
async function rawClient(url: string, first = 1) {
  const dealer = new Dealer({ linger: 0 });
  dealer.connect(url);
  onTestFinished(() => dealer.close());
  const id = Buffer.from(Array.from({ length: wire.CLIENT_ID_BYTES }, (_, at) => at + 1));
  const replies = new Map<number, wire.Part>();
  let bytes = 0;
  void (async () => {
    for await (const [packet] of dealer) {
      bytes += (packet as Buffer).byteLength;
      const { parts } = wire.readBrokerPacket(packet as Buffer);
      for (let part = wire.nextPart(parts); part !== undefined; part = wire.nextPart(parts)) {
        replies.set(part.id, part);
      }
    }
  })().catch(() => {});
  const send = (...parts: Buffer[]) => dealer.send(wire.clientPacket(id, 0, parts));
  const reply = async (to: number): Promise<wire.Part> => {
    await until(() => replies.has(to), `a reply to request ${to}`);
    return replies.get(to) as wire.Part;
  };
  await send(wire.encodeOpen(first, ""), wire.encodeProducer(first + 1, ""));
  await reply(first + 1);
  return { dealer, send, reply, received: () => bytes };
}

const offerOf = (bytes: number) => ({
  producer: 2,
  first: 1,
  waits: true,
  items: [Buffer.alloc(bytes, 0x20)],
  envelopes: undefined,
});

test("an item of more than is allowed is refused, and stands before nobody", async () => {
  const { buffer, url } = await madeBuffer({ capacity: 10, itemBytesMax: 100, bufferBytesMax: 2_000 });
  const raw = await rawClient(url);
  for (const [request, bytes] of [
    [3, 500],
    [4, 5_000],
  ] as const) {
    await raw.send(wire.encodeOffer(request, offerOf(bytes), 0, 1));
    const { type, body } = await raw.reply(request);
    expect(type).toBe(Status.Failed);
    expect(wire.decodeFailure(body).code).toBe("ITEM_TOO_LARGE");
  }
  await (await buffer.producer()).put("honest");
  expect(await buffer.counts()).toMatchObject({ ready: 1, waitingProducers: 0 });
});

test("a confirmation of what an earlier broker handed out has an unknown outcome; one of nothing is lost", async () => {
  const { url } = await madeBuffer({ capacity: 5 });
  // It comes with request 10: of those before it this broker cannot know.
  const raw = await rawClient(url, 10);
  await raw.send(wire.encodeNumber(Kind.Confirm, 12, 9), wire.encodeNumber(Kind.Confirm, 13, 11));
  const { type, body } = await raw.reply(12);
  expect(type).toBe(Status.Failed);
  expect(wire.decodeFailure(body)).toMatchObject({ code: "OUTCOME_UNKNOWN", effect: "unknown" });
  expect((await raw.reply(13)).body.text()).toBe("lost");
});

test("a producer's id of more than 256 characters is refused", async () => {
  const { url } = await madeBuffer({ capacity: 5 });
  const raw = await rawClient(url);
  await raw.send(wire.encodeProducer(3, "x".repeat(257)));
  const { body } = await raw.reply(3);
  expect(wire.decodeFailure(body).code).toBe("INVALID_ARGUMENT");
});

test("a reply that is asked for a thousand times in one packet is sent once", async () => {
  const { buffer, url } = await madeBuffer({ capacity: 5, itemBytesMax: 100_000 });
  await (await buffer.producer()).put("x".repeat(90_000));
  const raw = await rawClient(url);
  const poll = wire.encodePoll(3, { consumer: 1, max: 1, waits: false, leaseMs: 60_000 });
  await raw.send(poll);
  await raw.reply(3);
  const before = raw.received();
  await raw.send(...Array<Buffer>(1_000).fill(poll), wire.encodeBare(Kind.Ping, 4));
  await raw.reply(4);
  expect(raw.received() - before).toBeLessThan(200_000);
});

test("what is handed out after a goodbye goes back", async () => {
  const { buffer, url } = await madeBuffer({ capacity: 5 });
  const raw = await rawClient(url);
  await raw.send(wire.encodeBare(Kind.Close, 3));
  await raw.reply(3);
  await raw.send(wire.encodePoll(4, { consumer: 1, max: 1, waits: true, leaseMs: 0 }));
  await (await buffer.producer()).put("item");
  raw.dealer.close();
  await until(async () => (await buffer.counts()).ready === 1, "the item is ready again");
  expect(await (await buffer.consumer()).take()).toEqual({ done: false, value: "item" });
});

test("a holder that asks nothing keeps its lease when its connection breaks", () =>
  unlessPaused(300, async () => {
    const { buffer, port } = await madeBuffer({ capacity: 5 });
    const proxy = await TcpProxy.start(port);
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const holding = await openBuffer(zeromqTransport({ url: proxy.url }));
    onTestFinished(() => holding.close());
    await (await buffer.producer()).put("item");
    const lease = await (await holding.consumer()).lease({ leaseMs: 60_000 });
    proxy.cut();
    // More than a client has to come back.
    const other = (await buffer.consumer()).lease({ timeoutMs: 2_500 });
    await expect(other).rejects.toMatchObject({ code: "WAIT_TIMED_OUT" });
    await lease.value?.ack();
    expect(await buffer.counts()).toMatchObject({ consumed: 1, leased: 0 });
  }));
