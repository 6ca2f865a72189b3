/** LIFE: whatever goes wrong is said in the one form that callers can act on. */

import {
  type BufferTransport,
  completeSpec,
  ERROR_CODES,
  isBufferError,
  type TransportModule,
} from "@sluice/core";
import { bytesOf, waiting } from "../kit/context.js";
import { fail, isTrue, print } from "../kit/expect.js";
import { type Rule, rule } from "../rule.js";

export const faultRules: readonly Rule[] = [
  rule(
    "LIFE-24 rejects at the port with faults of the table alone: a known code, an effect, and its own name",
    async (t) => {
      const { transport, port, address, another } = await t.bare({ capacity: 2 });
      const spec = completeSpec({ capacity: 2 }, "bytes");
      const empty = await t.transport();
      const module = (await import(transport.module)) as TransportModule;
      await saysWhatIsWrong(transport, "create where there is a buffer", () => transport.create(spec, {}));
      await saysWhatIsWrong(transport, "open where there is none", () => empty.open());
      await saysWhatIsWrong(transport, "an address that names nothing", async () => {
        const place = { not: ["a", "place"] };
        return module.transportAt({ ...address, place }).open({ ...address, place });
      });
      const producer = await port.producer("p");
      await saysWhatIsWrong(transport, "a gap", () => producer.offer(9, [bytesOf(1)], waiting(0)));
      await (await another()).producer("p");
      await saysWhatIsWrong(transport, "an earlier holder", () =>
        producer.offer(1, [bytesOf(1)], waiting(0)),
      );

      const other = await another();
      const [late, consumer] = [await other.producer(), await other.consumer()];
      await port.destroy();
      const calls: Record<string, () => unknown> = {
        offer: () => late.offer(1, [bytesOf(1)], waiting(0)),
        poll: () => consumer.poll(1, waiting(0)),
        settle: () => consumer.settle([{ kind: "ack", token: 1 }]),
        counts: () => other.counts(),
        seal: () => other.seal({ discard: false }),
        drained: () => other.drained(waiting(0)),
        producer: () => other.producer(),
        consumer: () => other.consumer(),
        list: () => other.deadLetters.list(1),
        requeue: () => other.deadLetters.requeue(1),
        remove: () => other.deadLetters.remove(1),
      };
      for (const [name, call] of Object.entries(calls))
        await saysWhatIsWrong(transport, `${name} after the destroy`, call);
    },
  ),
];

async function saysWhatIsWrong(transport: BufferTransport, what: string, call: () => unknown): Promise<void> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    if (!isBufferError(error)) fail(`Expected ${what} to reject with a BufferError, got ${String(error)}`);
    const { code, effect, message } = error;
    const isKnown = (ERROR_CODES as readonly string[]).includes(code);
    isTrue(isKnown, `Expected ${what} to reject with a code of the table, got ${print(code)}`);
    isTrue(effect === "none", `Expected ${what} to be without effect, got ${print(effect)}`);
    isTrue(message.length > 0, `Expected ${what} to say what is wrong, got an empty message`);
    const from = error.transport ?? transport.name;
    isTrue(from === transport.name, `Expected ${what} to name ${transport.name}, got ${print(from)}`);
    return;
  }
  fail(`Expected ${what} to reject, it resolved with ${print(answer)}`);
}
