// A broker at an address of IPv6: as over IPv4, on loopback without keys, elsewhere with keys only.

import { createServer } from "node:net";
import { createBuffer, openAddress, openBuffer } from "@sluice/core";
import { expect, onTestFinished, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { Actor } from "./support/actor.js";

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(0, "::1", () => server.close(() => resolve(true)));
});
const here = test.skipIf(!hasIpv6);

here.each(["[::1]", "[0:0:0:0:0:0:0:1]"])("at %s it serves, also other processes", async (host) => {
  const buffer = await createBuffer(zeromqTransport({ url: `tcp://${host}:*` }), { capacity: 2 });
  onTestFinished(() => buffer.destroy());
  const { url } = buffer.address.place as { readonly url: string };
  expect(url).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
  expect(buffer.capabilities.reach).toBe("host");
  await (await Actor.at(url)).call("put", "from a process");
  const there = await openAddress<string>(buffer.address);
  expect(await (await there.consumer()).take()).toEqual({ done: false, value: "from a process" });
  await there.close();
});

here("a second one there is refused, and so is whoever comes when it is gone", async () => {
  const first = await createBuffer(zeromqTransport({ url: "tcp://[::1]:*" }), { capacity: 2 });
  const { url } = first.address.place as { readonly url: string };
  await expect(createBuffer(zeromqTransport({ url }), { capacity: 2 })).rejects.toMatchObject({
    code: "BUFFER_EXISTS",
  });
  await first.destroy();
  await expect(openBuffer(zeromqTransport({ url }))).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
});

test.each(["[::]", "[::ffff:127.0.0.1]", "[fe80::1]"])(
  "%s is not loopback: refused without keys",
  async (host) => {
    const transport = zeromqTransport({ url: `tcp://${host}:4000` });
    await expect(createBuffer(transport, { capacity: 2 })).rejects.toMatchObject({ code: "INSECURE_BIND" });
  },
);

test.each(["[::::]", "[1]", "::1"])("%s is no address", (host) => {
  expect(() => zeromqTransport({ url: `tcp://${host}:4000` })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});
