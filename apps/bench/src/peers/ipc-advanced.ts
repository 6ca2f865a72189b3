import type { NodeCandidate } from "../candidate.js";
import { childIpc } from "./child-ipc.js";

const ipcAdvanced: NodeCandidate = childIpc(
  {
    name: "ipc-advanced",
    about:
      'child_process IPC with serialization "advanced", items as bytes; 2 and 2: relayed by their parent',
    module: import.meta.url,
    itemCount: (work) => (work.kind === "round-trip" ? 5_000 : 100_000),
  },
  "advanced",
);

export default ipcAdvanced;
