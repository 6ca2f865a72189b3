/** Takes what is in a buffer that may be damaged; whatever goes wrong is part of the answer. */

import { type BufferAddress, type BufferPort, type BufferTransport, isBufferError } from "@sluice/core";
import { waiting } from "../kit/context.js";
import type { Doing, ReadItem, Reading } from "./puppet-messages.js";

export async function readAll(
  transport: BufferTransport,
  address: BufferAddress,
  producer: string,
): Promise<Reading> {
  const items: ReadItem[] = [];
  let read: Omit<Reading, "items" | "fault"> = {};
  let port: BufferPort | undefined;
  let doing: Doing = "opening";
  try {
    port = await transport.open(address);
    doing = "counting";
    read = { counts: await port.counts() };
    doing = "listing the dead letters";
    read = { ...read, deadLetters: (await port.deadLetters.list(DEAD_LETTERS_MAX)).map(asText) };
    doing = "taking";
    const consumer = await port.consumer();
    for (;;) {
      const { deliveries } = await consumer.poll(1, waiting(0));
      if (deliveries.length === 0) break;
      items.push(...deliveries.map(asText));
    }
    doing = "registering";
    return { ...read, items, lastSequence: (await port.producer(producer)).lastSequence };
  } catch (error) {
    const what = isBufferError(error) ? error.code : String(error);
    return { ...read, items, fault: { while: doing, what } };
  } finally {
    // A damaged one may refuse even that.
    await port?.close().catch(() => {});
  }
}

const DEAD_LETTERS_MAX = 1_000;

function asText({ item, deliveries }: { item: Uint8Array; deliveries: number }): ReadItem {
  return { item: Buffer.from(item).toString("base64"), deliveries };
}
