/** What a broker answers where it does not do what it was asked. */

import type { Failure } from "./protocol.js";
import { Kind } from "./protocol.js";
import { WAITING_BYTES_MAX } from "./request-lines.js";
import type { Session } from "./session.js";

/** What only ends or settles something makes room: it is heard beyond a limit, up to twice of it. */
const MAKING_ROOM: ReadonlySet<number> = new Set([
  Kind.Confirm,
  Kind.Settle,
  Kind.GiveUp,
  Kind.Leave,
  Kind.Close,
]);

export const OTHER_BUFFER: Failure = {
  code: "BUFFER_DESTROYED",
  effect: "none",
  message: "Another buffer is there now: the broker of this one has ended, and what was in it is gone",
};

export function tooMany(what: string, max: number): Failure {
  return { code: "TOO_MANY_WAITERS", effect: "none", message: `More than ${max} ${what}` };
}

/**
 * Why one more request of this kind is not taken; undefined if it is.
 *
 * @param waitingBytes - of all clients' requests that wait for their turn.
 */
export function beyondLimits(
  kind: number,
  { open, replyBytes }: Pick<Session, "open" | "replyBytes">,
  waitingBytes: number,
  limits: { readonly requests: number; readonly replyBytes: number },
): Failure | undefined {
  const times = MAKING_ROOM.has(kind) ? 2 : 1;
  if (open >= times * limits.requests)
    return tooMany("requests of one client (`limits.requests`)", limits.requests);
  if (replyBytes > times * limits.replyBytes)
    return tooMany("bytes that one client has not read", limits.replyBytes);
  return waitingBytes > times * WAITING_BYTES_MAX
    ? tooMany("bytes of requests that wait for their turn", WAITING_BYTES_MAX)
    : undefined;
}
