// A program whose servers cannot be used ends, whatever they do: nothing of a connection that failed is left.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterFailure } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { noServer, server } from "./support/servers.js";

const opening = (options: object) =>
  afterFailure(new URL("../dist/index.js", import.meta.url), "natsTransport", { name: "any", ...options });

const UNAVAILABLE = { code: "TRANSPORT_UNAVAILABLE", kept: [] };

/** Something that listens, says so much, and then nothing more. */
async function listener(says: string, onEnd: (end: () => void) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.write(says);
  }).listen(0, "127.0.0.1");
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  await once(listening, "listening");
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const INFO = { server_id: "a", version: "2.12.0", proto: 1, max_payload: 1_048_576, jetstream: true };
const info = (more: object = {}) => `INFO ${JSON.stringify({ ...INFO, ...more })}\r\n`;

const TLS_FIRST = { tls: { handshakeFirst: true } };

// Side by side: each waits for some seconds in vain.
test.concurrent.for([
  ["that says nothing", "nats:", "", undefined],
  ["that says nothing, where TLS comes first", "tls:", "", TLS_FIRST],
  ["that says nothing of TLS, which it demands", "nats:", info({ tls_required: true }), undefined],
  ["that says nothing of TLS, which we demand", "tls:", info({ tls_available: true }), undefined],
  ["that says nothing after its greeting", "nats:", info(), undefined],
  ["else", "nats:", "HTTP/1.1 400 Bad Request\r\n\r\n", undefined],
] as const)("something %s", async ([_, scheme, says, client], { expect, onTestFinished }) => {
  const url = `${scheme}//${await listener(says, onTestFinished)}`;
  expect(await opening({ url, client })).toEqual(UNAVAILABLE);
});

test("nobody", async () => {
  expect(await opening({ url: "nats://127.0.0.1:1" })).toEqual(UNAVAILABLE);
});

describe.skipIf(noServer)("a server", () => {
  test("that is stopped", async () => {
    const nats = await server();
    await nats.pause();
    expect(await opening({ url: nats.url })).toEqual(UNAVAILABLE);
  });

  test("that is stopped, beside one that is not", async () => {
    const [stopped, there] = [await server(), await server()];
    await stopped.pause();
    expect(await opening({ url: [stopped.url, there.url] })).toEqual({ code: "BUFFER_NOT_FOUND", kept: [] });
  });

  test("that refuses the password", async () => {
    const nats = await server(`authorization { user: "sluice", password: "right" }`);
    const url = nats.url.replace("//", "//sluice:wrong@");
    expect(await opening({ url })).toEqual({ code: "PERMISSION_DENIED", kept: [] });
  });
});
