// What is said to be in the stream, and never comes: a leader that is cut off speaks of what it could not store.

import { describe, expect, onTestFinished, test } from "vitest";
import { limitFromNow } from "../dist/link.js";
import { namesOf } from "../dist/names.js";
import { NatsLog } from "../dist/nats-log.js";
import { serversAt } from "../dist/server-place.js";
import { asked, made, noServer, server, streamsIn } from "./support/servers.js";

describe.skipIf(noServer)("a number that never comes", () => {
  test("is not waited for by whoever was refused by it, and not for ever by whoever was told that it is there", async () => {
    const nats = await server();
    const name = "never";
    const { buffer } = await made(nats.url, { capacity: 2 }, { name });
    await (await buffer.producer()).put("a");
    const [stream = ""] = await asked(nats.url, streamsIn);
    const log = new NatsLog(serversAt(nats.url), namesOf(name, stream.split("-").at(-1) ?? ""), buffer.spec);
    onTestFinished(() => log.link.close());
    await log.listen(limitFromNow());
    const { number } = log;
    expect(number).toBeGreaterThan(0);
    await log.reachIfThere(number + 5, limitFromNow());
    const soon = { ...limitFromNow(), unanswered: performance.now() + 200 };
    const refused = { code: "TRANSPORT_UNAVAILABLE", effect: "none" };
    await expect(log.reach(number + 5, soon)).rejects.toMatchObject(refused);
    expect(log.number).toBe(number);
  });
});
