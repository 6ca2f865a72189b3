import type { NodeCandidate } from "../candidate.js";
import { onlyLarge } from "./only-large.js";
import { zeromqPushPull } from "./zeromq-push-pull.js";

const zeromqUnbounded: NodeCandidate = zeromqPushPull({
  name: "zeromq-unbounded",
  about:
    "zeromq.js PUSH/PULL over TCP, no high-water marks: what nobody took stays in memory; it has no batches",
  module: import.meta.url,
  bound: "none",
  itemCount: (work) => (work.kind === "round-trip" ? 4_000 : 1_000_000),
  unsuited: onlyLarge,
  highWaterMark: () => 0,
});

export default zeromqUnbounded;
