import { fileTransport } from "@sluice/transport-file";
import type { NodeCandidate } from "../candidate.js";
import fileFlock from "./file-flock.js";
import { throughFace } from "./through-face.js";

const fileFlockJson: NodeCandidate = throughFace({
  name: "file-flock-json",
  about: "file-flock with the json codec: each item an object with one string",
  module: import.meta.url,
  isJson: true,
  itemCount: fileFlock.itemCount,
  transportAt: (path) => fileTransport({ path, lock: "flock" }),
  wishes: { durability: "none" },
});

export default fileFlockJson;
