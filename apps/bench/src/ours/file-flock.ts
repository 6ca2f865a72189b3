import { fileTransport } from "@sluice/transport-file";
import type { Candidate } from "../candidate.js";
import { throughFace } from "./through-face.js";

const fileFlock: Candidate = throughFace({
  name: "file-flock",
  about: 'transport-file with lock "flock" and durability "none"',
  module: import.meta.url,
  itemCount: (work) => (work.kind === "round-trip" ? 2_000 : work.batch > 1 ? 300_000 : 15_000),
  transportAt: (path) => fileTransport({ path, lock: "flock" }),
  wishes: { durability: "none" },
});

export default fileFlock;
