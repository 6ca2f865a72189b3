import type { NodeCandidate } from "../candidate.js";
import { childIpc } from "./child-ipc.js";

const ipcJson: NodeCandidate = childIpc(
  {
    name: "ipc-json",
    about:
      'child_process IPC with serialization "json", the default, items as strings; 2 and 2: relayed by their parent',
    module: import.meta.url,
    itemCount: (work) => (work.kind === "round-trip" ? 5_000 : 200_000),
  },
  "json",
);

export default ipcJson;
