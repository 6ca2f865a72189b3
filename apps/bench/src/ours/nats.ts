import { natsTransport } from "@sluice/transport-nats";
import type { NodeCandidate } from "../candidate.js";
import { natsServerReadiness, startNatsServer } from "../peers/nats-server.js";
import { createdIn } from "../peers/server-process.js";
import { throughFace } from "./through-face.js";

/** With the face of the others; only that each buffer has a server of its own, which is started for it. */
const face: NodeCandidate = throughFace({
  name: "nats",
  about:
    "transport-nats through core's face, in a NATS server of its own whose streams are on the disk, unsynced",
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 500 : work.batch > 1 ? 60_000 : 2_000),
  transportAt: (url) => natsTransport({ url, name: "bench" }),
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes }),
  wishes: {},
});

const nats: NodeCandidate = {
  ...face,
  prepare: ({ signal }) => natsServerReadiness(false, signal),
  create: (place) =>
    createdIn(startNatsServer(place.path, false), async ({ port, usage }) => ({
      ...(await face.create({ ...place, path: `nats://127.0.0.1:${port}` })),
      usage,
    })),
};

export default nats;
