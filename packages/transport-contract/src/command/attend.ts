/** Runs the command in a child process, which an adapter may block for ever: it is this one that hears Ctrl-C. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { TIMER_MS_MAX } from "../kit/in-time.js";
import { timingFromEnvironment } from "../timing.js";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";
import { CODES, type Interruption } from "./interruption.js";
import { hearUnderWay } from "./under-way.js";

/** Of an end that has been asked for once: what clears away after a rule has two in all, after a page two more, and the rest is little. */
const GRACE_SIGNALS = 5;

/** Of an end that has been asked for twice: what the child has started is to end with it, on a busy machine too. */
const GRACE_MS = 2_000;

/** The first signal ends what is under way in order, the second at once. @returns the exit code. @throws UsageError */
export async function attend(args: readonly string[]): Promise<number> {
  const longMs = Math.min(signalMs(), TIMER_MS_MAX);
  const inOrderMs = Math.min(Math.max(GRACE_MS, GRACE_SIGNALS * longMs), TIMER_MS_MAX);
  const child = fork(fileURLToPath(new URL("./attended-main.js", import.meta.url)), args, {
    stdio: "inherit",
  });
  const underWay = hearUnderWay(child, process.stderr, longMs);
  const end = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  let last: Interruption | undefined;
  const killIn = (ms: number) => void setTimeout(() => child.kill("SIGKILL"), ms).unref();
  for (const name of Object.keys(CODES) as Interruption[]) {
    process.on(name, () => {
      // To one that has ended meanwhile; its exit says all there is to say.
      child.send(name, () => {});
      killIn(last === undefined ? inOrderMs : GRACE_MS);
      last = name;
    });
  }
  const [code, signal] = await end;
  if (code !== null) return code;
  const [number = ""] = underWay().split(" ");
  const where = number === "" ? "" : `, in ${number}`;
  const why =
    signal === "SIGKILL" && last !== undefined
      ? `blocks its process${where}: it was killed, and what it had in temporary folders is left there`
      : `ended the process (${signal})${where}: there is no verdict`;
  process.stderr.write(`transport-contract: the adapter or its harness ${why}\n`);
  return last === undefined ? 1 : CODES[last];
}

function signalMs(): number {
  try {
    return timingFromEnvironment().signalMs;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
