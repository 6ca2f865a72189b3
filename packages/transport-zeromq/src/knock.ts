/**
 * Finds out why a broker does not let us in. A socket of ZeroMQ tries for ever and tells nobody; what it meets is told by its events
 * alone. They are watched on a socket of their own: events that nobody reads any more block ZeroMQ for the whole process.
 */

import { Dealer, type Event } from "zeromq";
import { fault } from "./faults.js";
import { type ClientKeys, curveOptions } from "./keys.js";

// One handshake that breaks off may be an accident.
const BROKEN_OFF_MAX = 3;

/** Resolves to a `PERMISSION_DENIED` if we are refused; to nothing if we are let in, or the signal comes first. */
export async function knock(
  url: string,
  keys: ClientKeys | undefined,
  signal: AbortSignal,
): Promise<Error | undefined> {
  if (signal.aborted) return undefined;
  const dealer = new Dealer({
    linger: 0,
    reconnectInterval: 50,
    ipv6: url.includes("["),
    ...curveOptions(keys),
  });
  const { events } = dealer;
  const close = () => dealer.close();
  signal.addEventListener("abort", close);
  let why: string | undefined;
  let brokenOff = 0;
  dealer.connect(url);
  // To the end, which comes when the socket is closed.
  for await (const event of events) {
    if (event.type === "end") break;
    if (event.type === "handshake:error:other") brokenOff += 1;
    why ??= refusal(event, brokenOff, keys !== undefined);
    if (why !== undefined || event.type === "handshake") dealer.close();
  }
  signal.removeEventListener("abort", close);
  return why === undefined
    ? undefined
    : fault("PERMISSION_DENIED", `The broker at ${url} refuses this client: ${why}`);
}

function refusal(event: Event, brokenOff: number, hasKeys: boolean): string | undefined {
  if (event.type === "handshake:error:auth") return "it does not know this client's key";
  if (event.type === "handshake:error:protocol" && event.error.code === "ERR_ZMTP_MECHANISM_MISMATCH")
    return hasKeys ? "it asks for no keys" : "it asks for keys, and there are none here";
  // Where somebody has no keys, the next handshake says so.
  if (hasKeys && brokenOff >= BROKEN_OFF_MAX)
    return "it breaks off each handshake, as it does if its key is another than the `serverKey` here";
  return undefined;
}
