import { zeromqTransport } from "@sluice/transport-zeromq";
import type { NodeCandidate } from "../candidate.js";
import { throughFace } from "./through-face.js";
import { zeromqCandidate } from "./zeromq.js";

const zeromqFsync: NodeCandidate = throughFace({
  ...zeromqCandidate,
  name: "zeromq-fsync",
  about: 'transport-zeromq with a journal and durability "fsync": items outlive a power cut',
  module: import.meta.url,
  itemCount: (work) =>
    work.kind === "round-trip" ? 200 : work.batch > 1 ? 60_000 : work.outstanding > 1 ? 10_000 : 600,
  transportAt: (journal) => zeromqTransport({ url: "tcp://127.0.0.1:*", broker: "process", journal }),
  isDurable: true,
  wishes: { durability: "fsync" },
});

export default zeromqFsync;
