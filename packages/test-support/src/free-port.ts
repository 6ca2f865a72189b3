import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const FIRST = 15_000;

/**
 * Nobody has it now. That it stays so is as good as certain where the system says which ports it gives out by itself: it is none
 * of those, but one drawn from below them.
 */
export async function freePort(): Promise<number> {
  const given = firstGivenOut();
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (given - FIRST));
    if (await isFree(port)) return port;
  }
}

/** On Linux; elsewhere where IANA says. */
function firstGivenOut(): number {
  let first = 0;
  try {
    first = Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
  } catch {
    // Not Linux.
  }
  return first >= 2 * FIRST ? first : 49_152;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
