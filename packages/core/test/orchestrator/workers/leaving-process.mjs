// A consumer that leaves a process behind, which holds its output open. Prints its id.
import { spawn } from "node:child_process";

let left;
export default function consume() {
  if (left !== undefined) return;
  left = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], {
    detached: true,
    stdio: "inherit",
  });
  left.unref();
  console.log(`left: ${left.pid}`);
}
