// A program whose server cannot be used ends: nothing of a connection that failed is left, and nothing is waited for.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterFailure } from "@sluice/test-support";
import { describe, expect, onTestFinished, test } from "vitest";
import { noServer, server } from "./support/servers.js";

const opening = (url: string) =>
  afterFailure(new URL("../dist/index.js", import.meta.url), "redisTransport", { name: "any", url });

const UNAVAILABLE = { code: "TRANSPORT_UNAVAILABLE", kept: [] };

test.each(["redis://127.0.0.1:1", "rediss://127.0.0.1:1", "unix:///dev/null/none"])(
  "nobody at %s",
  async (url) => {
    expect(await opening(url)).toEqual(UNAVAILABLE);
  },
);

test.each(["redis", "rediss"])("somebody who never answers, at %s:", async (scheme) => {
  const sockets = new Set<Socket>();
  // Not even the end of a connection.
  const silent = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on("error", () => {}));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  expect(await opening(`${scheme}://127.0.0.1:${port}`)).toEqual(UNAVAILABLE);
});

describe.skipIf(noServer)("a server", () => {
  test("that is stopped", async () => {
    const redis = await server();
    await redis.pause();
    expect(await opening(redis.url)).toEqual(UNAVAILABLE);
  });

  test("that demands a password", async () => {
    const redis = await server(["--requirepass", "secret"]);
    expect(await opening(redis.url)).toEqual({ code: "PERMISSION_DENIED", kept: [] });
  });
});
