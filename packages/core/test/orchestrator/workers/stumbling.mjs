// Throws at an item the first time, and ends its process the second time.
import { writeFileSync } from "node:fs";

function isFirst(path) {
  try {
    writeFileSync(path, "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

export default function stumbling(item, { args }) {
  if (isFirst(`${args.path}-${item}-threw`)) throw new Error("not yet");
  if (isFirst(`${args.path}-${item}-died`)) process.kill(process.pid, "SIGKILL");
}
