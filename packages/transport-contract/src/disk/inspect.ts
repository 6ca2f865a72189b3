/** Who opens a buffer afterwards: is it one of those that it may be, and does it go on? */

import type { BufferPort, ConsumerPort, Delivery, LeaseToken, TransportCapabilities } from "@sluice/core";
import { pollOne, waiting } from "../kit/context.js";
import { equal, fail, isTrue, print } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import type { Waiting } from "../kit/waiting.js";
import type { Timing } from "../timing.js";
import { itemNumber, itemOf, PRODUCER, SETTINGS } from "./script.js";
import { type Entry, inOrder, type State } from "./script-model.js";

const LEASE = { leaseMs: 600_000 };

/** What it takes of a rule's context, so that a process without one can look too. */
interface Looking extends Waiting {
  readonly timing: Timing;
  readonly harness: { readonly capabilities: TransportCapabilities };
}

/**
 * @param roundsMax - how many puts and takes it goes on with, if they take less than a tenth of a second.
 * @throws RuleBroken if it is none of the possible ones, or does not go on: puts, takes and the seal.
 */
export async function inspect(
  t: Looking,
  port: BufferPort,
  possible: readonly State[],
  { roundsMax = 300 }: { readonly roundsMax?: number | undefined } = {},
): Promise<void> {
  const counts = await port.counts();
  checkLedger(counts, SETTINGS.capacity, "after it was opened again");
  const inside = counts.ready + counts.leased + counts.parked;
  const { produced, consumed, discarded, dead, sealed } = counts;
  const producer = await port.producer(PRODUCER);
  equal(producer.lastSequence, produced, "the last sequence of its only producer");
  const consumer = await port.consumer();
  const found = await leaseAll(t, consumer, inside);
  const seen = {
    items: found.map(({ item, deliveries }) => `${itemNumber(item)}, delivery ${deliveries}`),
    dead: (await port.deadLetters.list(100)).map(
      ({ item, deliveries }) => `${itemNumber(item)}, delivery ${deliveries}`,
    ),
    counts: { produced, consumed, discarded, dead, sealed },
  };
  const inPlace = t.harness.capabilities.returned === "in-place";
  const texts = possible.map((state) => JSON.stringify(shown(state, inPlace)));
  const text = JSON.stringify(inPlace ? seen : { ...seen, items: [...seen.items].sort() });
  isTrue(texts.includes(text), `Expected to find ${texts.join(" or ")}, found ${text}`);
  const state = possible[texts.indexOf(text)] as State;
  checkFailures(found, state);

  const settled = await consumer.settle(found.map(({ token }) => ({ kind: "ack", token: tokenOf(token) })));
  equal(
    settled,
    found.map(() => "settled"),
    "the acks of what was found",
  );
  await goOn(t, port, { sealed, produced, roundsMax });
}

/** Waits for those whose holder is dead, too. */
async function leaseAll(t: Looking, consumer: ConsumerPort, count: number): Promise<Delivery[]> {
  const found: Delivery[] = [];
  const end = performance.now() + t.timing.signalMs;
  while (found.length < count && performance.now() < end) {
    const { deliveries, state } = await consumer.poll(count - found.length, waiting(500), LEASE);
    found.push(...deliveries);
    if (state === "drained") break;
  }
  if (found.length < count) fail(`Expected ${count} items, as counted; ${found.length} came`);
  // Those of the dead come later.
  return found.sort((a, b) => a.sequence - b.sequence);
}

function shown(state: State, inPlace: boolean) {
  const { ready, held, dead, produced, consumed, discarded, sealed } = state;
  const text = ({ item, deliveries }: Entry, more: number) => `${item}, delivery ${deliveries + more}`;
  const items = inOrder([...ready, ...held]).map((one) => text(one, 1));
  return {
    items: inPlace ? items : items.sort(),
    dead: dead.map((one) => text(one, 0)),
    counts: { produced, consumed, discarded, dead: dead.length, sealed },
  };
}

/** The death of a holder is a failure; a release is none, or one. */
function checkFailures(found: readonly Delivery[], { ready, held }: State): void {
  for (const { item, failures } of found) {
    const entry = [...ready, ...held].find((one) => one.item === itemNumber(item)) as Entry;
    const most = entry.failures + (held.includes(entry) ? 1 : 0) + (entry.deliveries - entry.failures);
    const isRight = failures >= entry.failures && failures <= most;
    isTrue(isRight, `Expected ${entry.failures} to ${most} failures of item ${entry.item}, got ${failures}`);
  }
}

/** Puts and takes, for a moment or over some hundreds of commits, then seals and drains. */
async function goOn(
  t: Looking,
  port: BufferPort,
  { sealed, produced, roundsMax }: { sealed: boolean; produced: number; roundsMax: number },
): Promise<void> {
  const producer = await port.producer(PRODUCER);
  const consumer = await port.consumer();
  const end = performance.now() + 100;
  let next = produced + 1;
  if (sealed) {
    const { state } = await producer.offer(next, [itemOf(next)], waiting(0));
    equal(state, "sealed", "a put into the sealed buffer");
  } else {
    for (let i = 0; i < roundsMax && (i < 8 || performance.now() < end); i++, next++) {
      const { accepted } = await producer.offer(next, [itemOf(next)], waiting(0));
      equal(accepted, 1, "what was accepted of a put");
      const { item } = await t.soon(pollOne(consumer), "a take");
      equal(itemNumber(item), next, "what it got");
    }
    equal(await port.seal({ discard: false }), true, "what the seal answered");
  }
  await t.until(async () => {
    const { deliveries, state } = await consumer.poll(1, waiting(100));
    isTrue(deliveries.length === 0, `Expected the end, got ${print(deliveries)}`);
    return state === "drained";
  }, "the end comes");
}

function tokenOf(token: LeaseToken | undefined): LeaseToken {
  return token ?? fail("Expected a lease to have a token");
}
