import type { NodeCandidate } from "../candidate.js";
import { shmCandidate } from "./shm.js";
import { JSON_BYTES, throughFace } from "./through-face.js";

const shmJson: NodeCandidate = throughFace({
  ...shmCandidate,
  name: "shm-json",
  about: "shm with the json codec: each item an object with one string",
  module: import.meta.url,
  isJson: true,
  itemCount: (work) => (work.kind === "round-trip" ? 30_000 : work.batch > 1 ? 800_000 : 400_000),
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes + JSON_BYTES }),
});

export default shmJson;
