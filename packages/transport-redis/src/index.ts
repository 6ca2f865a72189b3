/** The transport over Redis and Valkey. Read `redis-transport.ts` first. */

export { type OwnServer, startOwnServer } from "./own-server.js";
export { type RedisTransportOptions, redisTransport, transportAt } from "./redis-transport.js";
