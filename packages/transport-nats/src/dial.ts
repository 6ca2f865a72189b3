/** A connection that is made, or leaves nothing behind: the client itself lets go of no socket whose other end says nothing. */

import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";

/** Where Node tells of every socket that somebody begins to connect, in that call. */
const SOCKETS = "net.client.socket";

/** As the client's `connect`, whose errors it throws. */
export async function dial(options: NodeConnectionOptions): Promise<NatsConnection> {
  // Which sockets are of this call: others of this process connect meanwhile, to the same server perhaps.
  const within = new AsyncLocalStorage<true>();
  const sockets: Socket[] = [];
  const onSocket = (told: unknown) => {
    if (within.getStore()) sockets.push((told as { readonly socket: Socket }).socket);
  };
  // Node does not tell of those that begin with TLS: they are given a signal.
  const failure = new AbortController();
  const tls = options.tls && { ...options.tls, signal: failure.signal };
  subscribe(SOCKETS, onSocket);
  try {
    const nc = await within.run(true, () => connect(tls ? { ...options, tls } : options));
    // Of servers that were given up before they were reached: the client has closed all others.
    for (const socket of sockets) if (socket.connecting) socket.destroy();
    return nc;
  } catch (error) {
    failure.abort();
    for (const socket of sockets) socket.destroy();
    throw error;
  } finally {
    unsubscribe(SOCKETS, onSocket);
    // An older Node has it cost every promise of the process.
    within.disable();
  }
}
