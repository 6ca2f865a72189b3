/** How a handle tells everybody which process it is. */

import type { BufferState } from "./buffer-state.js";
import type { Operation } from "./operation.js";
import { isOwn, ownIdentity } from "./process-identity.js";

/** Whether the state knows the handle, as one of this process. */
export function hasJoined(state: BufferState, handle: string): boolean {
  const participant = state.participants.get(handle);
  return participant !== undefined && isOwn(participant);
}

/** What a handle commits, and before it that it has joined, where that is not known. */
export function withJoin(
  state: BufferState,
  handle: string,
  operations: readonly Operation[],
): readonly Operation[] {
  if (hasJoined(state, handle)) return operations;
  return [{ op: "join", handle, identity: ownIdentity() }, ...operations];
}
