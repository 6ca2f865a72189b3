/** A handle on the buffer: says who is calling, and what to answer when a wait ends with nothing. */

import {
  BufferError,
  type BufferPort,
  type ConsumerPort,
  type ProducerPort,
  type TransportCapabilities,
} from "@sluice/core";
import type { MemoryBuffer } from "./memory-buffer.js";
import type { Participant } from "./waiting-line.js";

/** @param remove - takes the buffer from its place, so that nobody opens it any more. */
export function openPort(
  buffer: MemoryBuffer,
  capabilities: TransportCapabilities,
  remove: () => void,
): BufferPort {
  const handle = {};
  const self: Participant = { handle };

  /** Ends what a participant, or the whole handle, has under way here; nobody else notices. */
  const leave = (whose: (one: Participant) => boolean): void => {
    for (const line of [buffer.room, buffer.items, buffer.end]) line.fail(closed, whose);
    buffer.releaseAll(whose);
  };

  return {
    spec: buffer.spec,
    capabilities,
    address: buffer.address,

    async producer(id) {
      const me: Participant = { handle };
      const record = buffer.register(me, id);
      return {
        lastSequence: record.lastSequence,
        offer: (firstSequence, items, wait, envelopes) =>
          buffer.run(
            buffer.room,
            me,
            wait,
            (isFirst) => {
              const offered = buffer.append(record, me, firstSequence, items, isFirst, envelopes);
              return offered.accepted === 0 && offered.state === "full" ? undefined : offered;
            },
            (aborted) =>
              aborted
                ? { accepted: 0, state: "open" }
                : buffer.append(record, me, firstSequence, items, false, envelopes),
          ),
        close: () => leave((one) => one === me),
      } satisfies ProducerPort;
    },

    async consumer() {
      buffer.check();
      const me: Participant = { handle };
      return {
        poll: (max, wait, lease) =>
          buffer.run(
            buffer.items,
            me,
            wait,
            () => {
              const polled = buffer.handOut(me, max, lease);
              return polled.state === "empty" ? undefined : polled;
            },
            (aborted) => ({ deliveries: [], state: aborted ? "open" : "empty" }),
          ),
        settle: (settlements) => buffer.settle(handle, settlements),
        close: () => leave((one) => one === me),
      } satisfies ConsumerPort;
    },

    seal: async ({ discard }) => buffer.seal(discard),
    counts: () => buffer.counts(),

    drained(wait) {
      buffer.check();
      const isDrained = () => {
        buffer.check();
        return buffer.isDrained || undefined;
      };
      return buffer.run<boolean>(buffer.end, self, wait, isDrained, () => false);
    },

    deadLetters: {
      list: async (max, afterSequence = 0) => buffer.deadLetters(max, afterSequence),
      requeue: async (sequence) => buffer.requeue(sequence),
      remove: async (sequence) => buffer.remove(sequence),
    },

    async close() {
      leave((one) => one.handle === handle);
    },

    async destroy() {
      remove();
      buffer.destroy();
      leave((one) => one.handle === handle);
    },
  };
}

function closed(): BufferError {
  return new BufferError("HANDLE_CLOSED", "The handle was closed while this call waited", {
    transport: "memory",
  });
}
