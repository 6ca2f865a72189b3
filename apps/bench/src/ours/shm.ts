import { randomUUID } from "node:crypto";
import { shmTransport } from "@sluice/transport-shm";
import type { NodeCandidate } from "../candidate.js";
import { type OurCandidate, throughFace } from "./through-face.js";

/** What face and bare port have in common. */
export const shmCandidate: Pick<OurCandidate, "itemCount" | "transportAt" | "settingsFor" | "wishes"> = {
  itemCount: ({ kind, batch, producers, outstanding }) => {
    if (kind === "round-trip") return 30_000;
    if (batch > 1) return 8_000_000;
    // Where somebody sleeps, an item takes ten times as long.
    return producers > 1 || outstanding > 1 ? 400_000 : 1_500_000;
  },
  // In the place for shared memory, which is the default, and not in the directory for temporary files.
  transportAt: () => shmTransport({ name: `sluice-bench-${randomUUID()}` }),
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes }),
  wishes: {},
};

const shm: NodeCandidate = throughFace({
  ...shmCandidate,
  name: "shm",
  about: "transport-shm through core's face, itemBytesMax the size of the items",
  module: import.meta.url,
});

export default shm;
