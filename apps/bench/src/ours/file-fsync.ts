import { fileTransport } from "@sluice/transport-file";
import type { NodeCandidate } from "../candidate.js";
import { throughFace } from "./through-face.js";

const fileFsync: NodeCandidate = throughFace({
  name: "file-fsync",
  about: 'transport-file with durability "fsync", its default: items outlive a power cut',
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 200 : work.batch > 1 ? 30_000 : 400),
  transportAt: (path) => fileTransport({ path }),
  isDurable: true,
  wishes: { durability: "fsync" },
});

export default fileFsync;
