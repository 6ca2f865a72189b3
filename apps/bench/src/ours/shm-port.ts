import type { NodeCandidate } from "../candidate.js";
import { shmCandidate } from "./shm.js";
import { throughPort } from "./through-port.js";

const shmPort: NodeCandidate = throughPort({
  ...shmCandidate,
  name: "shm-port",
  about: "the port of transport-shm, without core's face, awaited where it answers with a promise",
  module: import.meta.url,
});

export default shmPort;
