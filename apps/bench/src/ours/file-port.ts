import { fileTransport } from "@sluice/transport-file";
import type { NodeCandidate } from "../candidate.js";
import file from "./file.js";
import { throughPort } from "./through-port.js";

const filePort: NodeCandidate = throughPort({
  name: "file-port",
  about: 'the port of transport-file with durability "none", without core\'s face',
  module: import.meta.url,
  itemCount: file.itemCount,
  transportAt: (path) => fileTransport({ path }),
  wishes: { durability: "none" },
});

export default filePort;
