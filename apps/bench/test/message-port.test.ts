// Goal: credit is a strict bound, dealt out over all ports. Method: both ends in one thread, and what is under way is counted.
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { creditPutEnd, creditTakeEnd, placesOf } from "../dist/peers/message-port.js";

const item = (number: number) => Uint8Array.of(number);

test.each([
  [5, 1, [5]],
  [5, 4, [2, 1, 1, 1]],
  [1024, 16, Array.from({ length: 16 }, () => 64)],
])("%i places between %i ports", (capacity, ports, places) => {
  expect(placesOf(capacity, ports)).toEqual(places);
});

test("a producer waits when as many are under way as there are places, and goes on when one was taken", async () => {
  const channels = [new MessageChannel(), new MessageChannel()];
  const places = [2, 1];
  const putEnd = creditPutEnd(
    channels.map(({ port1 }, index) => ({ port: port1, places: places[index] as number })),
  );
  const takeEnds = channels.map(({ port2 }, index) =>
    creditTakeEnd([{ port: port2, places: places[index] as number }]),
  );
  try {
    for (let number = 0; number < 3; number++)
      expect(putEnd.put(item(number)), `item ${number}`).toBeUndefined();
    let isDone = false;
    const fourth = Promise.resolve(putEnd.put(item(3))).then(() => {
      isDone = true;
    });
    // Long enough for a message there and one back.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(isDone, "whether the fourth of three places was had with none taken").toBe(false);
    const [first, second] = takeEnds as [(typeof takeEnds)[number], (typeof takeEnds)[number]];
    expect(await first.take()).toEqual(item(0));
    await fourth;
    expect([await second.take(), await first.take(), await first.take()]).toEqual([
      item(1),
      item(2),
      item(3),
    ]);
  } finally {
    for (const { port1 } of channels) port1.close();
  }
});
