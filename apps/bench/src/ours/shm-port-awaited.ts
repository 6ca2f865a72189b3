import type { NodeCandidate } from "../candidate.js";
import { shmCandidate } from "./shm.js";
import { throughPort } from "./through-port.js";

const shmPortAwaited: NodeCandidate = throughPort({
  ...shmCandidate,
  name: "shm-port-awaited",
  about: "the same with every answer awaited, as the face's are",
  module: import.meta.url,
  awaitsAll: true,
});

export default shmPortAwaited;
