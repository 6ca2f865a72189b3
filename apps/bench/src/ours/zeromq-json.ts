import { zeromqTransport } from "@sluice/transport-zeromq";
import type { NodeCandidate } from "../candidate.js";
import { JSON_BYTES, throughFace } from "./through-face.js";
import zeromq, { zeromqCandidate } from "./zeromq.js";

const zeromqJson: NodeCandidate = throughFace({
  ...zeromqCandidate,
  name: "zeromq-json",
  about: "zeromq with the json codec: each item an object with one string",
  module: import.meta.url,
  isJson: true,
  itemCount: zeromq.itemCount,
  transportAt: () => zeromqTransport({ url: "tcp://127.0.0.1:*", broker: "process" }),
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes + JSON_BYTES }),
  wishes: {},
});

export default zeromqJson;
