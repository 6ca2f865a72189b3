/** The end of the command: by itself, or, where an adapter keeps the process alive, all the same. */

import { CODES } from "./interruption.js";

/** Sockets that are being closed and processes that are ending need a moment. */
const GRACE_MS = 2_000;

/** What Node calls its resources, in words. Others are told by Node's name. */
const WORDS: Readonly<Record<string, string>> = {
  Timeout: "timer",
  Immediate: "immediate",
  TCPSocketWrap: "socket",
  TCPServerWrap: "server",
  PipeWrap: "pipe or local socket",
  PipeServerWrap: "local server",
  UDPWrap: "UDP socket",
  ProcessWrap: "child process",
  FSEventWrap: "file watcher",
  StatWatcher: "file watcher",
  MessagePort: "message port",
  Worker: "worker",
};

/** What keeps the process alive before an adapter is loaded: its pipes, or its terminal. */
export function resourcesAtFirst(): readonly string[] {
  // They are there once they are looked at.
  void [process.stdout, process.stderr];
  return process.getActiveResourcesInfo();
}

/**
 * From here on the process ends with 1, whatever it ends with: an adapter that ends it, or that waits for what can never come, is
 * no pass.
 *
 * @returns the exit code is known: it stands.
 */
export function failEarlyEnd(): () => void {
  const onExit = (code: number) => {
    // The second Ctrl-C.
    if (Object.values<number>(CODES).includes(code)) return;
    process.exitCode = 1;
    process.stderr.write(
      `transport-contract: the adapter or its harness ended the process (exit code ${code}), or waits for what can never come: there is no verdict\n`,
    );
  };
  process.on("exit", onExit);
  return () => void process.off("exit", onExit);
}

/**
 * Ends the process with this code as soon as nothing keeps it alive, and in a moment if something does; then it says what.
 *
 * @param atFirst - what is nobody's fault.
 */
export function endProcess(code: number, atFirst: readonly string[]): void {
  process.exitCode = code;
  setTimeout(() => {
    process.stderr.write(
      `transport-contract: the adapter or its harness left something alive (${leftAlive(atFirst)}); ended all the same\n`,
    );
    process.exit();
  }, GRACE_MS).unref();
}

function leftAlive(atFirst: readonly string[]): string {
  const counts = new Map<string, number>();
  const count = (name: string, by: number) => counts.set(name, (counts.get(name) ?? 0) + by);
  for (const name of process.getActiveResourcesInfo()) count(name, 1);
  for (const name of atFirst) count(name, -1);
  const left = [...counts].filter(([, number]) => number > 0);
  return left.map(([name, number]) => `${number} × ${WORDS[name] ?? name}`).join(", ") || "unknown to Node";
}
