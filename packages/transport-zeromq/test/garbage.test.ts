// Packets and bytes that mean nothing, by the thousand, while an honest client is served: all are dropped, the broker's memory
// stays as it was, and its log is one line a second. `SLUICE_GARBAGE` says how many.

import { until } from "@sluice/test-support";
import { afterEach, expect, test } from "vitest";
import { Dealer } from "zeromq";
import { clientPacket, encodeBare, encodeOpen, Kind, nextPart, readBrokerPacket } from "../dist/protocol.js";
import { type MadeBuffer, madeBuffer, memoryOf } from "./support/buffers.js";
import { type BadConnection, badConnection, GarbagePackets } from "./support/garbage.js";
import { printedRandom } from "./support/random.js";
import { greet, rawConnection } from "./support/zmtp.js";

const COUNT = Number(process.env["SLUICE_GARBAGE"] ?? 100_000);
const TIMEOUT_MS = 120_000 + COUNT;
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
/** Nine in ten honest pairs of a put and a take beside all this, usually a few milliseconds; a machine may pause in some. */
const SERVED_MS_MAX = 2_000;

const lines: string[] = [];
process.on("warning", ({ name, message }) => {
  if (name === "SluiceWarning") lines.push(message);
});
afterEach(() => {
  lines.length = 0;
});

/** Puts and takes for as long as something is done. Resolves to how long each pair of them took, the shortest first. */
async function servedDuring({ buffer }: MadeBuffer, work: Promise<unknown>): Promise<number[]> {
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  let isDone = false;
  work.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  const pairsMs: number[] = [];
  for (let n = 0; !isDone; n++) {
    const before = performance.now();
    await producer.put(n);
    expect(await consumer.take()).toEqual({ done: false, value: n });
    pairsMs.push(performance.now() - before);
  }
  await work;
  return pairsMs.sort((a, b) => a - b);
}

async function expectBorne(
  made: MadeBuffer,
  what: string,
  send: (count: number) => Promise<void>,
): Promise<void> {
  // Warm: what a broker keeps for good it has by now.
  await servedDuring(made, send(COUNT / 4));
  const memoryBefore = memoryOf(made.brokerPid);
  const linesBefore = lines.length;
  const startedAt = performance.now();
  const pairsMs = await servedDuring(made, send(COUNT));
  const slow = pairsMs[Math.floor(pairsMs.length * 0.9)] ?? Number.NaN;
  const seconds = (performance.now() - startedAt) / 1_000;
  const growth = memoryOf(made.brokerPid) - memoryBefore;
  console.log(
    `${COUNT} ${what} in ${seconds.toFixed(1)} s, memory ${(growth / 1024 / 1024).toFixed(1)} MiB more, ${pairsMs.length} honest pairs, nine in ten in ${slow.toFixed(0)} ms`,
  );
  expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  expect(slow).toBeLessThan(SERVED_MS_MAX);
  // Some may have been on their way when the count began.
  expect(lines.length - linesBefore).toBeLessThanOrEqual(Math.ceil(seconds) + 3);
  expect(await made.buffer.counts()).toMatchObject({ ready: 0, leased: 0, dead: 0, sealed: false });
}

test("malformed packets of a client that it knows are counted and dropped", {
  timeout: TIMEOUT_MS,
}, async () => {
  const garbage = new GarbagePackets(printedRandom("malformed packets"));
  const made = await madeBuffer({ broker: "process", capacity: 5 });
  const dealer = new Dealer({ linger: 0, sendHighWaterMark: 1_000 });
  dealer.connect(made.url);
  await dealer.send(clientPacket(garbage.clientId, 0, [encodeOpen(1, "")]));
  /** The broker has read all that was sent before: it answers what came last. */
  const malformed = async (id: number): Promise<number> => {
    await dealer.send(clientPacket(garbage.clientId, id - 1, [encodeBare(Kind.Figures, id)]));
    for (;;) {
      const [packet] = (await dealer.receive()) as [Buffer];
      const { parts } = readBrokerPacket(packet);
      for (let part = nextPart(parts); part !== undefined; part = nextPart(parts))
        if (part.id === id && id > 1) return JSON.parse(part.body.raw(part.body.left).toString()).malformed;
    }
  };
  let id = 1;
  let sent = 0;
  try {
    await expectBorne(made, "malformed packets", async (count) => {
      for (let n = 0; n < count; n++) await dealer.send(garbage.next());
      sent += count;
      id += 1;
      expect(await malformed(id), "how many of them were malformed").toBe(sent);
    });
  } finally {
    dealer.close();
  }
  await until(() => lines.length > 0, "a line in the log tells of them");
});

test("bytes that are no ZMTP, or none of ours, end no more than their connection", {
  timeout: TIMEOUT_MS,
}, async () => {
  const random = printedRandom("bad connections");
  const made = await madeBuffer({ broker: "process", capacity: 5 });
  await expectBorne(made, "bad frames", async (count) => {
    for (let sent = 0; sent < count; ) {
      const batch = Array.from({ length: 16 }, () => badConnection(random));
      await Promise.all(batch.map((bad) => send(made.port, bad)));
      for (const { frames } of batch) sent += frames;
    }
  });
});

/** Until the other side ends it, or has had time to read it. */
async function send(port: number, { isGreeted, bytes }: BadConnection): Promise<void> {
  const socket = await rawConnection(port);
  if (isGreeted) await greet(socket);
  socket.resume();
  socket.setTimeout(5, () => socket.destroy());
  if (socket.closed) return;
  socket.end(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
}
