import type { NodeCandidate } from "../candidate.js";
import { jetStreamCandidate } from "./jetstream.js";

const jetStreamFsync: NodeCandidate = jetStreamCandidate({
  name: "jetstream-fsync",
  about: "the work queue of jetstream in a file, with sync_interval always: items outlive a power cut",
  module: import.meta.url,
  storage: "synced-file",
  isAckAwaited: false,
  itemCount: (work) => (work.kind === "round-trip" ? 200 : 1_000),
});

export default jetStreamFsync;
