// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-redis/test/harness.mjs`).
// One server for all rules, each with a buffer of its own name. Nobody looks again unasked for an hour, so that no wake-up that was
// missed is made up for; `processes` is for rules in which those who wait are killed or stopped, which costs others that time.
import Redis from "ioredis";
import { redisTransport } from "../dist/index.js";
import { RedisServer } from "./support/redis-server.mjs";

/** @type {Promise<RedisServer> | undefined} */
let starting;
const server = () => (starting ??= RedisServer.start());
let names = 0;
/** @type {WeakMap<import("@sluice/core").BufferTransport, string>} */
const nameOf = new WeakMap();

/** @param {(redis: Redis) => Promise<unknown>} ask */
async function withServer(ask) {
  const redis = new Redis((await server()).url);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** @param {import("@sluice/core").BufferTransport} transport */
const keysOf = (transport) =>
  /** @type {Promise<string[]>} */ (withServer((redis) => redis.keys(`sluice:{${nameOf.get(transport)}}*`)));

/** @param {number} fallbackMs */
const harness = (fallbackMs) => ({
  async createTransport() {
    const { url } = await server();
    names += 1;
    const transport = redisTransport({ url, name: `rule-${names}`, fallbackMs });
    nameOf.set(transport, `rule-${names}`);
    return transport;
  },
  capabilities: redisTransport({ url: "redis://somewhere", name: "any" }).capabilities,
  /** @param {import("@sluice/core").BufferTransport} transport */
  async cleanup(transport) {
    const left = await keysOf(transport);
    if (left.length > 0) await withServer((redis) => redis.del(left));
  },
  leftovers: keysOf,
  async restart() {
    await (await server()).kill();
    await (await server()).start();
  },
});

export default harness(3_600_000);
export const processes = {
  ...harness(1_000),
  failpoints: ["redis.offered", "redis.polled", "redis.woken"],
};

/** Of the server. */
export async function stop() {
  await (await starting)?.stop();
}
