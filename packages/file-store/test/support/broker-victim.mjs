// Opens a store for its broker, registers producers, holds leases of both kinds, and tells what it has: to be killed then.
import { openForBrokerAt } from "./open-at.mjs";

process.once("message", async (address) => {
  const broker = await openForBrokerAt(address);
  const wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };
  const producers = [];
  for (const id of [undefined, "named"]) {
    const producer = await broker.producer(id);
    await producer.offer(1, [Buffer.from("1"), Buffer.from("2"), Buffer.from("3")], wait);
    producers.push({ id: producer.id, epoch: producer.epoch });
  }
  const consumer = await broker.consumer();
  const lease = async (leaseMs) => {
    const { deliveries } = await consumer.poll(2, wait, { leaseMs });
    return deliveries.map(({ token }) => token);
  };
  const [timed, endless] = [await lease(3_600_000), await lease(Infinity)];
  setInterval(() => {}, 1000);
  process.send({ producers, timed, endless });
});
