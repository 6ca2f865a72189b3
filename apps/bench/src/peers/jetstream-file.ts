import type { NodeCandidate } from "../candidate.js";
import { jetStreamCandidate } from "./jetstream.js";

/** With the settings of the stream that transport-nats has, and what a plain take there means: it is settled when it is handed on. */
const jetStreamFile: NodeCandidate = jetStreamCandidate({
  name: "jetstream-file",
  about:
    "the work queue of jetstream in a file, unsynced; an item is handed on when the server has confirmed its ack",
  module: import.meta.url,
  storage: "file",
  isAckAwaited: true,
  itemCount: (work) => (work.kind === "round-trip" ? 500 : 2_000),
});

export default jetStreamFile;
