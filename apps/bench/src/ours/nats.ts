import { natsTransport, type OwnServer, startOwnServer } from "@sluice/transport-nats";
import type { NodeCandidate, Place } from "../candidate.js";
import { natsServerReadiness } from "../peers/nats-server.js";
import { throughFace } from "./through-face.js";

const face: NodeCandidate = throughFace({
  name: "nats",
  about: "transport-nats through core's face, in a NATS server with JetStream on the disk, unsynced",
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 500 : work.batch > 1 ? 60_000 : 2_000),
  transportAt: (place) => {
    const [url = "", name = ""] = place.split("#");
    return natsTransport({ url, name });
  },
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes }),
  wishes: {},
});

// One server for all buffers there are: its password is in no address, and the workers have it from the one variable there is.
let starting: Promise<OwnServer> | undefined;
let buffers = 0;
let names = 0;

/** With the face of the others; only that a server is started for it. */
const nats: NodeCandidate = {
  ...face,
  prepare: ({ signal }) => natsServerReadiness(signal),
  async create(place: Place) {
    starting ??= startOwnServer(place.path);
    const server = await starting;
    process.env["SLUICE_NATS_URL"] = server.url;
    buffers += 1;
    names += 1;
    const leave = async () => {
      buffers -= 1;
      if (buffers > 0) return;
      starting = undefined;
      await server.stop();
    };
    try {
      const created = await face.create({ ...place, path: `${server.url}#bench-${names}` });
      return {
        ...created,
        async destroy() {
          await created.destroy();
          await leave();
        },
      };
    } catch (error) {
      await leave();
      throw error;
    }
  },
};

export default nats;
