/**
 * The list with a second one, which has a token for each free place: a put takes a token before it pushes, a take leaves one.
 * Both commands of a call go out at once, and those of many calls keep their order: the server has them wait.
 *
 * An item is gone with the consumer that has just taken it. A producer that is killed in between takes its token with it, and the buffer is smaller from then on.
 */

import type { NodeCandidate } from "../candidate.js";
import { ITEMS, itemOf, redisCandidate, textOf } from "./redis-candidate.js";

/** Key of the tokens. */
const ROOM = "room";
const TOKEN = "";

const redisTokens: NodeCandidate = redisCandidate({
  name: "redis-tokens",
  about: "a Redis list beside a list of tokens, one for each free place; over ioredis; it has no batches",
  module: import.meta.url,
  bound: "strict",
  hasBatches: false,
  mayOverlap: true,
  itemCount: (work) => (work.kind === "round-trip" ? 2_000 : work.outstanding > 1 ? 50_000 : 8_000),
  sends: ["blpop", "rpush"],
  init: (redis, capacity) => redis.rpush(ROOM, ...Array.from({ length: capacity }, () => TOKEN)),
  putEnd: (redis) => ({
    async put(item) {
      await Promise.all([redis.blpop(ROOM, 0), redis.rpush(ITEMS, textOf(item))]);
    },
  }),
  takeEnd: (redis) => ({
    async take() {
      const [taken] = await Promise.all([redis.blpop(ITEMS, 0), redis.rpush(ROOM, TOKEN)]);
      return taken === null ? {} : itemOf(taken[1]);
    },
  }),
});

export default redisTokens;
