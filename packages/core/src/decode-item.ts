/** What a port hands out to a value, and what came beside it. */

import type { AnyCodec } from "./codec.js";
import { decodeEnvelope, type Envelope } from "./envelope.js";
import { UndecodableItemError } from "./errors.js";
import { plain } from "./item-bytes.js";
import type { Delivery } from "./transport.js";

/** @throws UndecodableItemError with the codec's bytes. */
export function decodeItem(
  codec: AnyCodec,
  { item, envelope }: Pick<Delivery, "item" | "envelope">,
  transport: string,
): { value: unknown; beside: Envelope } {
  const body = plain(item);
  try {
    return { beside: decodeEnvelope(envelope), value: codec.decode(body) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The codec ${codec.name} cannot decode an item of ${body.byteLength} bytes: ${why}`;
    throw new UndecodableItemError(message, body, [], { transport, cause });
  }
}
