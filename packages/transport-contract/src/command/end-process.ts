/** The end of the command: by itself, or, where an adapter keeps the process alive, all the same. */

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

/** Ends the process with this code as soon as nothing keeps it alive, and in a moment if something does; then it says what. */
export function endProcess(code: number): void {
  process.exitCode = code;
  setTimeout(() => {
    process.stderr.write(
      `transport-contract: the adapter or its harness left something alive (${leftAlive()}); ended all the same\n`,
    );
    process.exit();
  }, GRACE_MS).unref();
}

function leftAlive(): string {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    // Those of standard output.
    if (name === "TTYWrap") continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return (
    [...counts].map(([name, count]) => `${count} × ${WORDS[name] ?? name}`).join(", ") || "unknown to Node"
  );
}
