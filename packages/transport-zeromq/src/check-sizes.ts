/** Whether items can ever be in a buffer: core has seen to it, but a client may be anybody. */

import { type BufferSpec, ENVELOPE_BYTES_MAX } from "@sluice/core";
import { fault } from "./faults.js";
import type { OfferRequest } from "./protocol.js";

/** What never fits would stand before all others for ever. @throws BufferError `ITEM_TOO_LARGE`. */
export function checkSizes(
  { items, envelopes }: Pick<OfferRequest, "items" | "envelopes">,
  { itemBytesMax, bufferBytesMax }: BufferSpec,
): void {
  for (let at = 0; at < items.length; at++) {
    const { byteLength } = items[at] as Uint8Array;
    const envelopeBytes = envelopes?.[at]?.byteLength ?? 0;
    const fits =
      byteLength <= itemBytesMax &&
      envelopeBytes <= ENVELOPE_BYTES_MAX &&
      byteLength + envelopeBytes <= bufferBytesMax;
    if (fits) continue;
    const found = `${byteLength} bytes, and ${envelopeBytes} of its envelope`;
    const allowed = `${itemBytesMax} and ${ENVELOPE_BYTES_MAX}, ${bufferBytesMax} together`;
    throw fault("ITEM_TOO_LARGE", `An item has ${found}; allowed are ${allowed}`);
  }
}
