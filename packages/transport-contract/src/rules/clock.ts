/** WAIT, where clocks mislead: a process that slept past its deadline, and a wall clock that jumps. */

import { isBufferError } from "@sluice/core";
import { drawn } from "../kit/drawn.js";
import { equal, fail, rejects } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

const HOUR_MS = 3_600_000;
const TEN_YEARS_HOURS = 10 * 365 * 24;

export const clockRules: readonly Rule[] = [
  rule(
    "WAIT-18 hands out or leaves inside, and never loses, an item that comes when the time of a take is over unseen",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const consumer = await stage.buffer.consumer();
      const producer = await (await stage.another()).producer();
      for (const trial of t.tries(8, 60)) {
        const timeoutMs = 2 + t.random.below(4);
        const take = consumer.take({ timeoutMs }).then(
          (got) => (got.done ? fail("Expected an item, the end came") : got.value),
          (error: unknown) => {
            if (isBufferError(error, "WAIT_TIMED_OUT")) return "timed out";
            throw error;
          },
        );
        // The item is on its way when this thread stands still, and the deadline has passed before anybody here can look.
        const putting = producer.put(trial);
        standStill(timeoutMs + 4);
        await t.soon(putting, "a put");
        const got = await t.soon(take, "a take whose time was over");
        const rest = got === "timed out" ? await takeAll(stage.buffer, 1, t) : [got];
        equal(rest, [trial], "what came out of the take, or was left to a later one");
        equal((await stage.buffer.counts()).ready, 0, "the number of items left");
      }
    },
    { level: "stochastic" },
  ),

  rule("WAIT-19 neither ends nor prolongs a wait or a lease when the wall clock jumps", async (t) => {
    const stage = await t.stage({ capacity: 2, failuresMax: 5 });
    const producer = await stage.buffer.producer();
    const consumer = await stage.buffer.consumer();
    let isWaiting = false;
    const onWait = () => {
      isWaiting = true;
    };
    const other = await (await stage.another()).consumer({ onWait });
    const wall = jumpingClock();
    t.defer(wall.restore);
    await put(producer, ["held"]);
    const lease = await leaseOne(consumer, t, HOUR_MS / 2);

    const hours = [1, TEN_YEARS_HOURS, 1 + t.random.below(TEN_YEARS_HOURS)];
    for (const jump of drawn([...hours, ...hours.map((many) => -many)], t.random)) {
      wall.jump(0);
      const now = `with the wall clock ${Math.abs(jump)} h ${jump > 0 ? "ahead" : "set back"}`;
      if (jump > 0) {
        isWaiting = false;
        const take = other.take({ timeoutMs: HOUR_MS / 2 });
        await t.until(() => isWaiting, "a take of half an hour waits");
        wall.jump(jump * HOUR_MS);
        await t.staysPending(take, `a take of half an hour, with the only item leased for as long, ${now}`);
        await t.soon(producer.put(jump), `a put, ${now}`);
        equal(await t.soon(take, `the take, ${now}`), { done: false, value: jump }, `what it got, ${now}`);
      } else {
        await put(producer, [jump]);
        const short = await leaseOne(consumer, t, t.timing.leaseMs);
        wall.jump(jump * HOUR_MS);
        const got = await t.soon(other.lease(), `a lease of an item whose first one ran out, ${now},`);
        const again = got.done ? fail("Expected an item, the end came") : got.value;
        equal([again.value, again.deliveries], [jump, 2], `what came of a lease that ran out, ${now}`);
        await rejects(short.ack(), "LEASE_LOST", `the ack of the lease that ran out, ${now}`);
        await again.ack();
        const late = t.soon(other.take({ timeoutMs: 5 }), `a take of 5 ms, ${now}`);
        await rejects(late, "WAIT_TIMED_OUT", `a take of 5 ms, ${now}`);
      }
    }
    await t.soon(lease.ack(), "the ack of the lease of half an hour");
  }),
];

/** Keeps the thread busy, as a long computation of the caller's would. */
function standStill(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** The wall clock of this process; whatever measures with another one does not notice. */
function jumpingClock(): { jump(toMs: number): void; restore(): void } {
  const real = Date.now;
  return {
    jump(toMs) {
      Date.now = () => real() + toMs;
    },
    restore() {
      Date.now = real;
    },
  };
}
