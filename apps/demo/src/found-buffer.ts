/** The buffer that a run before has left, looked at before the workers start. */

import { type BufferTransport, isBufferError, openBuffer, untilNotBusy } from "@sluice/core";
import { type DemoOptions, UsageError } from "./args.js";
import { placeOption } from "./place.js";

export interface FoundBuffer {
  readonly capacity: number;
  /** Nothing more can be put: what is there is only drained. */
  readonly sealed: boolean;
  /** Ready, or in the hands of who may be dead. */
  readonly remaining: number;
}

/** @throws UsageError where there is none, or another one than is asked for. */
export async function findBuffer(transport: BufferTransport, options: DemoOptions): Promise<FoundBuffer> {
  const { capacity, isCapacityGiven, path, journal } = options;
  // A url may have a password in it.
  const at = journal ?? path;
  const place = at === undefined ? "this --url" : `${placeOption(options)} ${JSON.stringify(at)}`;
  try {
    // Workers of the run before may still be leaving.
    const buffer = await untilNotBusy(() => openBuffer(transport, isCapacityGiven ? { capacity } : {}));
    try {
      const { sealed, ready, leased } = await untilNotBusy(() => buffer.counts());
      const { capacity, codec } = buffer.spec;
      if (sealed || codec === "json") return { capacity, sealed, remaining: ready + leased };
    } finally {
      await buffer.close();
    }
  } catch (error) {
    if (isBufferError(error, "BUFFER_NOT_FOUND"))
      throw new UsageError(`There is no buffer to resume at ${place}`);
    if (isBufferError(error, "SETTINGS_MISMATCH"))
      throw new UsageError(`The buffer at ${place} cannot be resumed: ${error.message}`);
    throw error;
  }
  throw new UsageError(
    `The buffer at ${place} cannot be resumed: it holds lines of an --input, and is not sealed`,
  );
}
