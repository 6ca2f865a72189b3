// Clients that are slow in every way: the others are served meanwhile.

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { clientPacket, encodeBare, encodeOpen, Kind } from "../dist/protocol.js";
import { type MadeBuffer, madeBuffer, memoryOf } from "./support/buffers.js";

import { frame, GREETING, greet, READY, rawConnection } from "./support/zmtp.js";

const PAIRS = 100;
const HANDSHAKE_MS_MAX = 5_000;
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;

async function rawClient(port: number): Promise<Socket> {
  const socket = await rawConnection(port);
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

/** @param onServed - called before each of its pairs of a put and a take, and after the last. */
async function expectServed(
  { buffer }: MadeBuffer,
  onServed: (pairs: number) => void = () => {},
): Promise<void> {
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  onServed(0);
  for (let n = 1; n <= PAIRS; n++) {
    await producer.put(n);
    expect(await consumer.take()).toEqual({ done: false, value: n });
    onServed(n);
  }
}

test("one that sends its bytes one by one is a client like others, and between its bytes others are served", async () => {
  const made = await madeBuffer({ broker: "process", capacity: 5 });
  const socket = await rawClient(made.port);
  const packet = clientPacket(Buffer.alloc(16, 7), 0, [encodeOpen(1, "")]);
  const bytes = Buffer.concat([GREETING, READY, frame(packet)]);
  let heard = "";
  socket.on("data", (said) => {
    heard += said.toString("latin1");
  });
  // The last one when all pairs are done: who waited for the rest of a packet would serve none.
  await expectServed(made, (pairs) => {
    const [from, to] = [pairs, pairs + 1].map((n) => Math.floor((bytes.byteLength * n) / (PAIRS + 1)));
    for (const byte of bytes.subarray(from, to)) socket.write(Buffer.from([byte]));
  });
  await until(() => heard.includes("bufferId"), "it is answered");
});

test("100 that never finish their handshake are shut out in time", async () => {
  const made = await madeBuffer({ broker: "process", capacity: 5 });
  const startedAt = performance.now();
  const parts = [
    Buffer.alloc(0),
    GREETING.subarray(0, 10),
    GREETING,
    Buffer.concat([GREETING, READY.subarray(0, 9)]),
  ];
  const sockets = await Promise.all(Array.from({ length: 100 }, () => rawClient(made.port)));
  sockets.forEach((socket, n) => {
    socket.resume();
    socket.write(parts[n % parts.length] as Buffer);
  });
  const isAnyIn = () => sockets.some((socket) => socket.readyState === "open");
  let isServedBeside = false;
  await expectServed(made, (pairs) => {
    if (pairs === 1) isServedBeside = isAnyIn();
  });
  expect(isServedBeside, "whether another client was served before they were shut out").toBe(true);
  // As they would never be, or after the 30 s of ZeroMQ itself.
  await until(() => !isAnyIn(), "all are shut out", HANDSHAKE_MS_MAX * 5);
  expect(performance.now() - startedAt).toBeGreaterThan(HANDSHAKE_MS_MAX / 2);
});

test("one that asks and asks, and never reads, costs no more than its limits", async () => {
  const made = await madeBuffer({ broker: "process", capacity: 5, limits: { requests: 1_000 } });
  const socket = await rawClient(made.port);
  await greet(socket);
  socket.pause();
  const id = Buffer.alloc(16, 7);
  socket.write(frame(clientPacket(id, 0, [encodeOpen(1, "")])));
  let request = 1;
  const ask = async (packets: number) => {
    for (let n = 0; n < packets && !socket.closed; n++) {
      const parts = Array.from({ length: 50 }, () => {
        request += 1;
        return encodeBare(Kind.Counts, request);
      });
      const isTaken = socket.write(frame(clientPacket(id, 0, parts)));
      if (!isTaken) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), sleep(20)]);
    }
  };
  await ask(200);
  const before = memoryOf(made.brokerPid);
  await Promise.all([ask(1_000), expectServed(made)]);
  await expectServed(made);
  expect(memoryOf(made.brokerPid) - before).toBeLessThan(GROWTH_BYTES_MAX);
});
