// A poll whose items have arrived, and of which the authority does not know yet: nobody has them until it does.

import { BufferError } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { delivery, faultOf, isPending } from "./kit/expectations.js";
import { consumerByHand, producerByHand } from "./kit/scripted.js";

function byHand() {
  let answer: (isTheirs: boolean) => void = () => {};
  let refuse: (error: unknown) => void = () => {};
  const confirmed = new Promise<boolean>((resolve, reject) => {
    answer = resolve;
    refuse = reject;
  });
  return { confirmed, answer, refuse };
}

const unavailable = (effect: "none" | "unknown") =>
  new BufferError("TRANSPORT_UNAVAILABLE", "gone", { effect });

describe("a take that is to be confirmed", () => {
  test("resolves when it is, and not before; meanwhile others are polled for", async () => {
    const { polls, consumer } = await consumerByHand();
    const { confirmed, answer } = byHand();
    const first = consumer.take();
    (await polls.call(0)).answer({ deliveries: [delivery("a", 1)], state: "open", confirmed });
    const second = consumer.take();
    (await polls.call(1)).answer({ deliveries: [delivery("b", 2)], state: "open" });
    expect(await second).toEqual({ done: false, value: "b" });
    expect(await isPending(first)).toBe(true);
    answer(true);
    expect(await first).toEqual({ done: false, value: "a" });
  });

  test("goes on waiting where the items went back", async () => {
    const { polls, consumer } = await consumerByHand();
    const { confirmed, answer } = byHand();
    const take = consumer.take();
    (await polls.call(0)).answer({ deliveries: [delivery("a", 1)], state: "open", confirmed });
    answer(false);
    (await polls.call(1)).answer({ deliveries: [delivery("b", 2)], state: "open" });
    expect(await take).toEqual({ done: false, value: "b" });
  });

  test.each([
    ["unknown", "OUTCOME_UNKNOWN"],
    ["none", "TRANSPORT_UNAVAILABLE"],
  ] as const)("rejects with what the port says of it, effect %s", async (effect, code) => {
    const { polls, consumer } = await consumerByHand();
    const { confirmed, refuse } = byHand();
    const take = consumer.takeMany(2);
    (await polls.call(0)).answer({ deliveries: [delivery("a", 1)], state: "open", confirmed });
    refuse(unavailable(effect));
    await faultOf(take, code);
  });

  test("is waited for by close", async () => {
    const { polls, consumer } = await consumerByHand();
    const { confirmed, answer } = byHand();
    const take = consumer.take();
    (await polls.call(0)).answer({ deliveries: [delivery("a", 1)], state: "open", confirmed });
    const closed = consumer.close();
    expect(await isPending(closed)).toBe(true);
    answer(true);
    await closed;
    expect(await take).toEqual({ done: false, value: "a" });
  });
});

test("those who were answered and call again at once are offered together, not one and then the rest", async () => {
  const { offers, producer } = await producerByHand();
  const put3 = async () => {
    for (let n = 0; n < 3; n++) await producer.put("item");
  };
  const all = Promise.all([put3(), put3(), put3()]);
  const sizes: number[] = [];
  for (let at = 0, left = 9; left > 0; at++) {
    const offer = await offers.call(at);
    const count = offer.args[1].length;
    sizes.push(count);
    left -= count;
    offer.answer({ accepted: count, state: "open" });
  }
  await all;
  // Each of the rounds but the first, in which one went ahead, has all that were answered.
  expect(sizes.length).toBeLessThanOrEqual(4);
});
