/** The bytes of the port to a value, and what came beside it. */

import type { AnyCodec } from "./codec.js";
import { type Opened, open } from "./envelope.js";
import { UndecodableItemError } from "./errors.js";

/** @throws UndecodableItemError with the codec's bytes, or all of them where the envelope cannot be read either. */
export function decodeItem(
  codec: AnyCodec,
  item: Uint8Array,
  transport: string,
): { value: unknown; beside: Opened } {
  let body = item;
  try {
    const beside = open(item);
    body = beside.body;
    return { value: codec.decode(body), beside };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The codec ${codec.name} cannot decode an item of ${body.byteLength} bytes: ${why}`;
    throw new UndecodableItemError(message, body, [], { transport, cause });
  }
}
