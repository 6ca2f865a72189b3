// A process at work on one buffer: does what it is told, one call at a time, and says what came of it. May stop or kill itself
// at a failpoint.
let armed;
Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (name) => {
  if (armed === undefined || name !== armed.name) return;
  const { signal } = armed;
  armed = undefined;
  process.kill(process.pid, signal);
});

const { transportAt } = await import("../../dist/index.js");

const signal = new AbortController().signal;
const wait = (maxMs) => ({ maxMs, signal, onWait: () => process.send({ waits: true }) });
let buffer;
let producer;
let consumer;
let sequence = 0;

const calls = {
  async open(address) {
    buffer = await transportAt(address).open(address);
    producer = await buffer.producer();
    consumer = await buffer.consumer();
  },
  arm(name, signal) {
    armed = { name, signal };
  },
  async put(text, maxMs = 0) {
    const { accepted, state } = await producer.offer(sequence + 1, [Buffer.from(text)], wait(maxMs));
    sequence += accepted;
    return state;
  },
  async take(maxMs = 0) {
    const { deliveries, state } = await consumer.poll(1, wait(maxMs));
    return deliveries.length === 0 ? state : Buffer.from(deliveries[0].item).toString();
  },
  async lease(leaseMs) {
    const { deliveries, state } = await consumer.poll(1, wait(0), { leaseMs });
    return deliveries.length === 0
      ? state
      : { ...deliveries[0], item: Buffer.from(deliveries[0].item).toString() };
  },
  settle: (settlement) => consumer.settle([settlement]),
  requeue: (number) => buffer.deadLetters.requeue(number),
  seal: (discard) => buffer.seal({ discard }),
  counts: () => buffer.counts(),
  close: () => buffer.close(),
  cpu: () => process.cpuUsage(),
  leave() {
    process.disconnect();
  },
};

process.on("message", async ({ id, call, args }) => {
  try {
    const value = await calls[call](...args);
    if (process.connected) process.send({ id, value });
  } catch (error) {
    process.send({ id, code: error.code, message: error.message });
  }
});
process.send({ ready: true });
