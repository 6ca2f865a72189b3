// As many connections as a process may have, ten thousand at most: each is accepted, those that ask to be clients are
// let in up to the limit and refused beyond, and whoever was in is served. How many are open at one time is the
// machine's affair: those that say nothing are given up after 5 s.

import { execFileSync } from "node:child_process";
import type { Socket } from "node:net";
import { until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { clientPacket, encodeOpen } from "../dist/protocol.js";
import { hasRoom, madeBuffer, memoryOf } from "./support/buffers.js";
import { frame, greet, PONG, rawConnection } from "./support/zmtp.js";

const CONNECTIONS = 10_000;
/** Of everything else that a process has open, the broker's and this one's. */
const OTHER_FILES = 500;
/** So many begin at one time: who listens has a line of 100 for those. */
const AT_ONCE = 48;
const CLIENTS = 10;
/** And answers heartbeats; the others say nothing, which is borne for 5 s. */
const GREETS_ONE_IN = 5;
/** To be a client. */
const ASKS_ONE_IN = 50;
/** The README says some 30 KB. */
const CONNECTION_BYTES_MAX = 64 * 1024;

const filesMax = Number(execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" })) || Infinity;
const count = Math.min(CONNECTIONS, filesMax - OTHER_FILES);

test.skipIf(count < 1_000)(
  `${count} connections: no more clients than the limit, and the honest one is served`,
  {
    timeout: 240_000,
  },
  async () => {
    const { buffer, url, port, brokerPid } = await madeBuffer({
      broker: "process",
      capacity: 5,
      limits: { clients: CLIENTS },
    });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    const memoryBefore = memoryOf(brokerPid);
    const startedAt = performance.now();
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    let [open, openAtMost, greeted] = [0, 0, 0];
    const accepted: Socket[] = [];
    let refused = 0;
    const ask = async (socket: Socket, n: number) => {
      const id = Buffer.alloc(16, 7);
      id.writeUInt32LE(n, 0);
      let heard = "";
      socket.on("data", (bytes) => {
        heard += bytes.toString("latin1");
      });
      socket.write(frame(clientPacket(id, 0, [encodeOpen(1, "")])));
      await until(() => /bufferId|TOO_MANY_WAITERS/.test(heard), `an answer came to connection ${n}`, 60_000);
      if (heard.includes("bufferId")) accepted.push(socket);
      else refused++;
    };
    let next = 0;
    const some = async () => {
      while (next < count) {
        const n = ++next;
        const socket = await rawConnection(port);
        sockets.push(socket);
        openAtMost = Math.max(openAtMost, ++open);
        socket.once("close", () => open--);
        // Who accepts a connection says so at once, before it knows whose it is.
        socket.once("data", () => greeted++);
        socket.on("data", (bytes) => {
          if (bytes.includes("PING")) socket.write(PONG);
        });
        if (n % GREETS_ONE_IN !== 0) continue;
        await greet(socket);
        if (n % ASKS_ONE_IN !== 0) continue;
        await ask(socket, n);
        await producer.put(n);
        expect(await consumer.take()).toEqual({ done: false, value: expect.any(Number) });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    const growth = memoryOf(brokerPid) - memoryBefore;
    const seconds = (performance.now() - startedAt) / 1000;
    await until(() => greeted === count, `all ${count} connections were accepted`, 60_000);
    console.log(
      `${count} connections in ${seconds.toFixed(1)} s, ${openAtMost} open at one time, ${accepted.length} clients, ${refused} refused, ${(growth / openAtMost / 1024).toFixed(1)} KiB each`,
    );
    const asked = Math.floor(count / ASKS_ONE_IN);
    expect(accepted.length + refused).toBe(asked);
    // One that was let in and is gone again makes room for another. None goes unless this process hears no PING for seconds.
    const gone = () => accepted.filter((socket) => socket.readyState !== "open").length;
    await until(() => accepted.length - gone() <= CLIENTS - 1, "no more clients are in than the limit");
    expect(accepted.length).toBeGreaterThanOrEqual(CLIENTS - 1);
    expect(growth).toBeLessThan(openAtMost * CONNECTION_BYTES_MAX);
    await producer.put("honest");
    expect(await consumer.take()).toEqual({ done: false, value: "honest" });
    for (const socket of sockets) socket.destroy();
    await until(() => hasRoom(url), "there is room for a client again", 60_000);
  },
);
