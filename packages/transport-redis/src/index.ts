/** The transport over Redis and Valkey. Read `redis-transport.ts` first. */

export { type RedisTransportOptions, redisTransport, transportAt } from "./redis-transport.js";
