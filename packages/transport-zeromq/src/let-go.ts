/** Closes a socket of ZeroMQ, in a thread that may end after it. */

import { type Context, Dealer, type Router } from "zeromq";

/** Nobody can listen there. */
const NOWHERE = process.platform === "win32" ? "tcp://127.0.0.1:9" : "ipc:///dev/null/nobody";

/**
 * Closes it. Resolves when ZeroMQ has let go of all that was sent over it, and has sent it, if `linger` gives it the time: what is longer than
 * 128 bytes it does not copy, and hands back later, from a thread of its own. Where whose it was has ended by then, the memory of the whole
 * process is damaged (zeromq.js 6.8). Only the main thread's end waits for that by itself.
 */
export async function letGo(socket: Dealer | Router): Promise<void> {
  if (socket.closed) return;
  const { context } = socket;
  await ended(socket);
  await othersAreDone(context);
}

/** Closes it, and hears of the end of its last connection. */
async function ended(socket: Dealer | Router): Promise<void> {
  const { events } = socket;
  socket.close();
  for await (const { type } of events) if (type === "end") return;
}

/** That end is told before its unsent messages are handed back, by a thread that does one thing after the other: what it is asked then comes later. */
async function othersAreDone(context: Context): Promise<void> {
  for (let thread = 0; thread < context.ioThreads; thread++) {
    const last = new Dealer({ context, linger: 0, affinity: 2 ** thread });
    last.connect(NOWHERE);
    await ended(last);
  }
}
