/** Takes what is in a buffer that may be damaged; whatever goes wrong is part of the answer. */

import {
  type BufferAddress,
  type BufferCounts,
  type BufferPort,
  type BufferTransport,
  isBufferError,
} from "@sluice/core";
import { waiting } from "../kit/context.js";
import type { Reading } from "./puppet-messages.js";

export async function readAll(transport: BufferTransport, address: BufferAddress): Promise<Reading> {
  const items: string[] = [];
  let counts: BufferCounts | undefined;
  let port: BufferPort | undefined;
  let doing: "opening" | "counting" | "taking" = "opening";
  try {
    port = await transport.open(address);
    doing = "counting";
    counts = await port.counts();
    doing = "taking";
    const consumer = await port.consumer();
    for (;;) {
      const { deliveries } = await consumer.poll(1, waiting(0));
      if (deliveries.length === 0) break;
      for (const { item } of deliveries) items.push(Buffer.from(item).toString("base64"));
    }
    return { items, counts };
  } catch (error) {
    const what = isBufferError(error) ? error.code : String(error);
    return { items, ...(counts === undefined ? {} : { counts }), fault: { while: doing, what } };
  } finally {
    // A damaged one may refuse even that.
    await port?.close().catch(() => {});
  }
}
