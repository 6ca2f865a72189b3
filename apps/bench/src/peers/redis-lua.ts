/**
 * The list with a push that counts first, as one script. One that finds no room waits for a token on a second list; whoever
 * takes leaves one there for each producer that waits.
 *
 * Many puts at once are not for it: of two under way, the second could find the room that the first did not. An item is
 * gone with the consumer that has just taken it.
 */

import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { ITEMS, itemOf, type Redis, type RedisCandidate, redisCandidate, textOf } from "./redis-candidate.js";

/** Key of the list on which producers wait for room. */
const ROOM = "room";
/** Key of how many producers wait for a token. */
const WAITING = "waiting";
// Should the consumer that took have ended before it could leave a token.
const ROOM_TIMEOUT_S = 1;

const PUSH_WHAT_FITS = `
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local count = math.max(0, math.min(room, #ARGV - 1))
if count > 0 then redis.call('RPUSH', KEYS[1], unpack(ARGV, 2, count + 1)) end
if count < #ARGV - 1 then redis.call('INCR', KEYS[2]) end
return count`;

const WAKE_WHO_WAITS = `
local waiting = tonumber(redis.call('GET', KEYS[1]) or '0')
if waiting == 0 then return end
redis.call('DEL', KEYS[1])
for _ = 1, waiting do redis.call('RPUSH', KEYS[2], '') end`;

/** With the scripts, which ioredis sends by their hash once the server has them. */
interface WithScripts extends Redis {
  pushWhatFits(items: string, waiting: string, capacity: number, ...values: string[]): Promise<number>;
  wakeWhoWaits(waiting: string, room: string): Promise<unknown>;
}

function withScripts(redis: Redis): WithScripts {
  redis.defineCommand("pushWhatFits", { numberOfKeys: 2, lua: PUSH_WHAT_FITS });
  redis.defineCommand("wakeWhoWaits", { numberOfKeys: 2, lua: WAKE_WHO_WAITS });
  return redis as WithScripts;
}

function putEnd(client: Redis, capacity: number): PutEnd {
  const redis = withScripts(client);
  const push = async (items: readonly Uint8Array[]) => {
    let texts = items.map(textOf);
    for (;;) {
      const count = await redis.pushWhatFits(ITEMS, WAITING, capacity, ...texts);
      if (count === texts.length) return items.length;
      texts = texts.slice(count);
      await redis.blpop(ROOM, ROOM_TIMEOUT_S);
    }
  };
  return { put: async (item) => void (await push([item])), putMany: push };
}

function takeEnd(client: Redis): TakeEnd {
  const redis = withScripts(client);
  // Both at once: the server runs the second when the first has got something.
  const wake = () => redis.wakeWhoWaits(WAITING, ROOM);
  return {
    async take() {
      const [taken] = await Promise.all([redis.blpop(ITEMS, 0), wake()]);
      return taken === null ? {} : itemOf(taken[1]);
    },
    async takeMany(max) {
      const [taken] = await Promise.all([redis.blmpop(0, 1, ITEMS, "LEFT", "COUNT", max), wake()]);
      return taken === null ? [] : taken[1].map(itemOf);
    },
  };
}

/** What it is without its name; over a server that keeps nothing, or one that syncs every command. */
export const redisLuaCandidate: Omit<RedisCandidate, "name" | "about" | "module" | "itemCount"> = {
  bound: "strict",
  hasBatches: true,
  sends: ["evalsha", "blpop", "blmpop"],
  putEnd,
  takeEnd,
};

const redisLua: NodeCandidate = redisCandidate({
  ...redisLuaCandidate,
  name: "redis-lua",
  about: "a Redis list, pushed to by a script if there is room, taken from by BLPOP or BLMPOP; over ioredis",
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 2_000 : work.batch > 1 ? 300_000 : 8_000),
});

export default redisLua;
