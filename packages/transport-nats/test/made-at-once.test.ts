// A buffer is made once: servers from 2.10 on give one subject to two streams that are made at the same time.

import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type BoundedBuffer, completeSpec, createBuffer, isBufferError, openBuffer } from "@sluice/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { natsTransport } from "../dist/index.js";
import { Link, limitFromNow, type Session } from "../dist/link.js";
import { makeStream } from "../dist/make-stream.js";
import { namesOf, placeSubject } from "../dist/names.js";
import { serversAt } from "../dist/server-place.js";
import { asked, noServer, server, streamsIn } from "./support/servers.js";

const MAKERS = 8;
/** Without the look at who else is there, one in seven ends with no buffer at all. */
const NAMES = 25;
const APART_MS = 4;

/** The buffer, or with which code it was refused. */
async function makeSoon(url: string, name: string): Promise<BoundedBuffer<string> | string> {
  await sleep(Math.random() * APART_MS);
  try {
    return await createBuffer<string>(natsTransport({ url, name }), { capacity: 2 });
  } catch (error) {
    if (!isBufferError(error)) throw error;
    return error.code;
  }
}

describe.skipIf(noServer)("on a server", () => {
  test("of several that make it at once one does, and all others are told that there is one", async () => {
    const { url } = await server();
    for (let n = 0; n < NAMES; n++) {
      const name = `at once ${n}`;
      const came = await Promise.all(Array.from({ length: MAKERS }, () => makeSoon(url, name)));
      const [buffer, ...others] = came.filter((one) => typeof one !== "string");
      if (buffer === undefined) throw new Error(`Expected one of ${MAKERS} to make it, got ${came}`);
      expect(others, "who else made it").toEqual([]);
      expect(came.filter((one) => one === "BUFFER_EXISTS")).toHaveLength(MAKERS - 1);
      expect(await asked(url, streamsIn)).toHaveLength(1);
      await (await buffer.producer()).put("mine");
      const another = await openBuffer<string>(natsTransport({ url, name }));
      expect(await (await another.consumer()).take()).toEqual({ done: false, value: "mine" });
      await another.close();
      await buffer.destroy();
    }
  });

  test("what a maker has left that died before it said so is no buffer, and gives way to one", async () => {
    const { url } = await server();
    const [name, id] = ["left", "0".repeat(18)];
    const { stream, all } = namesOf(name, id);
    const description = JSON.stringify({ sluice: 1, name, id, spec: {} });
    const subjects = [placeSubject(name), all];
    await asked(url, (jsm) => jsm.streams.add({ name: stream, description, subjects }));
    const transport = natsTransport({ url, name });
    await expect(openBuffer(transport)).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
    const buffer = await createBuffer(transport, { capacity: 1 });
    expect(await asked(url, streamsIn), "the streams there").not.toContain(stream);
    await buffer.destroy();
  });

  test("a maker that was slow, and says so while its stream is being removed, makes another", async () => {
    const { url } = await server();
    const place = serversAt(url, undefined);
    const wanted = { name: "slow", spec: completeSpec({ capacity: 1 }, "json"), replicas: 1 };
    /** Makes it by way of a connection that `wrap` has changed. */
    const make = (wrap: (session: Session) => object) => {
      const link = new Link(place);
      onTestFinished(() => link.close());
      const ask: Link["ask"] = (limit, question) =>
        link.ask(limit, (session) => question({ ...session, ...wrap(session) }));
      return makeStream({ ask } as Link, limitFromNow(), wanted, async ({ info: { config } }) => {
        const first = await asked(url, (jsm) => jsm.streams.getMessage(config.name, { seq: 1 }));
        if (first?.subject.endsWith(".commit") !== true) throw new Error("another one is in use there");
        return true;
      });
    };
    const events = new EventEmitter();
    const [isRemoving, hasSaid] = [once(events, "removing"), once(events, "said")];
    const slow = make(({ js }) => ({
      js: {
        publish: async (...args: Parameters<typeof js.publish>) => {
          await isRemoving;
          return js.publish(...args).finally(() => events.emit("said"));
        },
      },
    }));
    while ((await asked(url, streamsIn)).length === 0) await sleep(10);
    const quick = make(({ jsm }) => ({
      jsm: {
        streams: Object.assign(Object.create(jsm.streams), {
          delete: async (stream: string) => {
            events.emit("removing");
            await hasSaid;
            return jsm.streams.delete(stream);
          },
        }),
      },
    }));
    const made = (await Promise.allSettled([slow, quick])).filter(({ status }) => status === "fulfilled");
    expect(made, "who made it").toHaveLength(1);
    const [{ value: id } = { value: "" }] = made as PromiseFulfilledResult<string>[];
    expect(await asked(url, streamsIn), "the streams there").toEqual([namesOf("slow", id).stream]);
  });
});
