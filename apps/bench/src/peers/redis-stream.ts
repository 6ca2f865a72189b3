/**
 * A Redis stream with a consumer group, as Redis' guide has it: XADD, XREADGROUP that waits in the server, and XACK; XDEL
 * with it, for an entry that nobody will ask for again stays in the stream otherwise.
 *
 * It has no bound: MAXLEN drops the oldest entries, taken or not. What a consumer has taken and not acknowledged is there
 * for another one to claim.
 */

import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { onlyLarge } from "./only-large.js";
import { ITEMS, itemOf, type Redis, redisCandidate, textOf } from "./redis-candidate.js";

const GROUP = "workers";
const FIELD = "item";

type Entry = readonly [id: string, fieldsAndValues: readonly [field: string, value: string]];
type Read = readonly [readonly [key: string, entries: readonly Entry[]]] | null;

function putEnd(redis: Redis): PutEnd {
  const added = (item: Uint8Array) => ["xadd", ITEMS, "*", FIELD, textOf(item)] as const;
  return {
    async put(item) {
      await redis.call(...added(item));
    },
    async putMany(items) {
      const answers = (await redis.pipeline(items.map(added)).exec()) ?? [];
      for (const [error] of answers) if (error !== null) throw error;
      return answers.length;
    },
  };
}

function takeEnd(redis: Redis, index: number): TakeEnd {
  const read = ["GROUP", GROUP, `consumer-${index}`, "COUNT"] as const;
  const takeMany = async (max: number) => {
    const answer = await redis.call("xreadgroup", ...read, max, "BLOCK", 0, "STREAMS", ITEMS, ">");
    const entries = (answer as Read)?.[0][1] ?? [];
    const ids = entries.map(([id]) => id);
    await Promise.all([redis.call("xack", ITEMS, GROUP, ...ids), redis.call("xdel", ITEMS, ...ids)]);
    return entries.map(([, [, value]]) => itemOf(value));
  };
  return { takeMany, take: async () => ({ value: (await takeMany(1))[0] }) };
}

const redisStream: NodeCandidate = redisCandidate({
  name: "redis-stream",
  about: "a Redis stream with a consumer group, each entry acknowledged and deleted; over ioredis",
  module: import.meta.url,
  bound: "none",
  hasBatches: true,
  itemCount: (work) => (work.kind === "round-trip" ? 2_000 : work.batch > 1 ? 100_000 : 8_000),
  unsuited: onlyLarge,
  sends: ["xadd", "xreadgroup", "xack", "xdel"],
  // From the first entry that comes, in a stream that is not there yet.
  init: (redis) => redis.call("xgroup", "CREATE", ITEMS, GROUP, "$", "MKSTREAM"),
  putEnd,
  takeEnd,
});

export default redisStream;
