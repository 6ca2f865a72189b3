import type { NodeCandidate } from "../candidate.js";
import { zeromqPushPull } from "./zeromq-push-pull.js";

const zeromqTcp: NodeCandidate = zeromqPushPull({
  name: "zeromq-tcp",
  about:
    "zeromq.js PUSH/PULL over TCP on the loopback, both high-water marks the capacity; it has no batches",
  module: import.meta.url,
  bound: "loose",
  itemCount: (work) => (work.kind === "round-trip" ? 4_000 : work.capacity === 5 ? 100_000 : 200_000),
  highWaterMark: (capacity) => capacity,
});

export default zeromqTcp;
