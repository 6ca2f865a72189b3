/** A transport of the harness, made in time, and cleared away at the end. */

import type { BufferTransport } from "@sluice/core";
import type { Harness } from "../harness.js";
import type { Cleanups } from "./cleanups.js";
import type { Waiting } from "./waiting.js";

/** Waits for it for the signal time. @throws RuleBroken where it does not come in time. */
export function newTransport(
  harness: Harness,
  cleanups: Cleanups,
  { soon }: Waiting,
): Promise<BufferTransport> {
  const made = (async () => harness.createTransport())();
  // However late: then it is cleared away at once.
  made.then(
    (transport) => void cleanups.hold(() => harness.cleanup?.(transport), "the harness's cleanup"),
    () => {},
  );
  return soon(made, "createTransport of the harness");
}
