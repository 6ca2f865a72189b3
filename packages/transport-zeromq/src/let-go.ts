/** Closes a socket of ZeroMQ, in a thread that may end after it. */

import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, Dealer, type Router } from "zeromq";

/** Nobody can listen there. */
const NOWHERE = process.platform === "win32" ? "tcp://127.0.0.1:9" : "ipc:///dev/null/nobody";
/** Two for the events, and what ZeroMQ opens beside. */
const DESCRIPTORS = 4;
/** Where nobody can tell when it is over. */
const UNTOLD_MS = 500;

/**
 * Closes it. Resolves when ZeroMQ has let go of all that was sent over it, and has sent it, if `linger` gives it the time: what is longer than
 * 128 bytes it does not copy, and hands back later, from a thread of its own. Where whose it was has ended by then, the memory of the whole
 * process is damaged (zeromq.js 6.8). Only the main thread's end waits for that by itself.
 *
 * Never rejects: where the process has no file descriptors left for whoever would tell of the end, it closes the socket, and waits for a while.
 */
export async function letGo(socket: Dealer | Router): Promise<void> {
  if (socket.closed) return;
  const { context } = socket;
  try {
    await ended(socket);
    await othersAreDone(context);
  } catch {
    await sleep(UNTOLD_MS);
  }
}

/** Closes it, in any case, and hears of the end of its last connection. */
async function ended(socket: Dealer | Router): Promise<void> {
  let events: typeof socket.events;
  try {
    needDescriptors();
    ({ events } = socket);
  } finally {
    socket.close();
  }
  for await (const { type } of events) if (type === "end") return;
}

/** That end is told before its unsent messages are handed back, by a thread that does one thing after the other: what it is asked then comes later. */
async function othersAreDone(context: Context): Promise<void> {
  for (let thread = 0; thread < context.ioThreads; thread++) {
    const last = new Dealer({ context, linger: 0, affinity: 2 ** thread });
    try {
      last.connect(NOWHERE);
    } catch {
      // There is no such thread: somebody has asked for more when the context had begun, which changes only its number.
    }
    await ended(last);
  }
}

/** Throws the system's error where there are too few: events with half of what they need block ZeroMQ for the whole process. */
function needDescriptors(): void {
  const open: number[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(openSync(devNull, "r"));
  } finally {
    for (const one of open) closeSync(one);
  }
}
