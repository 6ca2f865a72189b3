/** The scripts of a buffer, asked as connections ask for them. */

import { onTestFinished } from "vitest";
import { keysOf } from "../../dist/keys.js";
import { Link } from "../../dist/link.js";
import { type ScriptName, scripts } from "../../dist/scripts.js";
import { serverAt } from "../../dist/server-place.js";
import { made, server } from "./servers.js";

/** Of the first number of an answer: it takes the long way. */
export const SLOW = 8;

/** A buffer, and its scripts as connections ask for them. */
export async function asked() {
  const redis = await server();
  const { buffer } = await made(redis.url, { capacity: 9 });
  const { name, id } = buffer.address.place as { name: string; id: string };
  const keys = keysOf(name, id);
  const link = new Link(serverAt(redis.url));
  onTestFinished(() => link.close());
  const ask = async (script: ScriptName, of: readonly string[], ...args: (string | number)[]) =>
    JSON.parse(
      JSON.stringify(await link.run(scripts[script], of, args), (_, value) =>
        value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1") : value,
      ),
    );
  const poll = (request: number) => ask("poll", keys.poll.plain, "h.1", request, 1, 0, 0);
  const again = (request: number) => ask("poll-slow", keys.all, "h.1", request, 1, 0, 0);
  return { buffer, keys, link, ask, poll, again };
}
