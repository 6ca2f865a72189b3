import { fileTransport } from "@sluice/transport-file";
import type { NodeCandidate } from "../candidate.js";
import { throughFace } from "./through-face.js";

const fileFlockFsync: NodeCandidate = throughFace({
  name: "file-flock-fsync",
  about: 'transport-file with lock "flock" and durability "fsync": items outlive a power cut',
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 300 : work.batch > 1 ? 60_000 : 1_000),
  transportAt: (path) => fileTransport({ path, lock: "flock" }),
  isDurable: true,
  wishes: { durability: "fsync" },
});

export default fileFlockFsync;
