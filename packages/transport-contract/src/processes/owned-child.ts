/** Child processes that are ended with whoever started them. */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { untilExit } from "../kit/until-exit.js";

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface OwnedChild {
  readonly child: ChildProcess;
  /** Rejects if it cannot be started. What it said may be still on its way. */
  readonly end: Promise<ChildEnd>;
  /** Kills it, and waits for its end. */
  kill(): Promise<void>;
}

/**
 * A child process in a group of its own, so that what it starts ends with it: who kills strace alone lets go of what it traces.
 */
export function spawnOwned(command: string, args: readonly string[], options: SpawnOptions): OwnedChild {
  const child = spawn(command, args, { ...options, detached: true });
  const forget = ownedUntilExit(child, "group");
  const end = once(child, "exit").then(([code, signal]) => ({ code, signal }) as ChildEnd);
  end.then(forget, forget);
  return {
    child,
    end,
    async kill() {
      signalTo(child, "SIGKILL", "group");
      await end.catch(() => {});
    },
  };
}

/** Kills it when this process exits. @returns forgets it. */
export function ownedUntilExit(child: ChildProcess, whom: "process" | "group"): () => void {
  return untilExit(() => signalTo(child, "SIGKILL", whom));
}

function signalTo(child: ChildProcess, signal: NodeJS.Signals, whom: "process" | "group"): void {
  // One that has ended has given its number back.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(whom === "group" ? -child.pid : child.pid, signal);
  } catch {
    // It was faster.
  }
}
