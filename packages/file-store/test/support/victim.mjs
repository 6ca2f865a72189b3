// Joins, commits, holds a lease or waits, and says so: to be killed then.
import { openAt } from "./open-at.mjs";

process.once("message", async (address) => {
  const buffer = await openAt(address);
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  const wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };
  for (let i = 1; i <= 5; i++) {
    await producer.offer(i, [Buffer.from("x")], wait);
    await consumer.poll(1, wait);
  }
  const { deliveries } = await consumer.poll(1, wait, { leaseMs: 3_600_000 });
  // The one that holds the lease stays with it; the others wait, until a file tells of it.
  setInterval(() => {}, 1000);
  if (deliveries.length > 0) process.send("leases");
  else {
    void consumer.poll(1, { ...wait, maxMs: 60_000 }, { leaseMs: 3_600_000 });
    setTimeout(() => process.send("waits"), 60);
  }
});
