import { redisTransport } from "@sluice/transport-redis";
import type { NodeCandidate } from "../candidate.js";
import { redisServerReadiness, startRedisServer, usageOfServer } from "../peers/redis-server.js";
import { createdIn } from "../peers/server-process.js";
import { throughFace } from "./through-face.js";

const SENDS = ["evalsha", "eval", "blpop"];

/** With the face of the others; only that each buffer has a server of its own, which is started for it. */
const face: NodeCandidate = throughFace({
  name: "redis",
  about: "transport-redis through core's face, in a Redis server of its own that writes nothing to the disk",
  module: import.meta.url,
  itemCount: (work) =>
    work.kind === "round-trip" ? 2_000 : work.batch > 1 ? 300_000 : work.outstanding > 1 ? 100_000 : 8_000,
  transportAt: (url) => redisTransport({ url, name: "bench" }),
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes }),
  wishes: {},
});

const redis: NodeCandidate = {
  ...face,
  prepare: ({ signal }) => redisServerReadiness(signal),
  create: (place) =>
    createdIn(startRedisServer(place.path), async ({ port }) => ({
      ...(await face.create({ ...place, path: `redis://127.0.0.1:${port}` })),
      usage: () => usageOfServer(port, SENDS),
    })),
};

export default redis;
