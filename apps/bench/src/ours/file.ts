import { fileTransport } from "@sluice/transport-file";
import type { NodeCandidate } from "../candidate.js";
import { throughFace } from "./through-face.js";

const file: NodeCandidate = throughFace({
  name: "file",
  about: 'transport-file with durability "none", which outlives processes as the naive way does',
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 1_000 : work.batch > 1 ? 150_000 : 5_000),
  transportAt: (path) => fileTransport({ path }),
  wishes: { durability: "none" },
});

export default file;
