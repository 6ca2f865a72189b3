// A process beside one of several servers, which asks that one alone: `far-client.mjs URL NAME`. Each line that it reads is a call,
// `{ id, on, call, args }`, and each line that it writes is what came of one: `{ id, value }` or `{ id, code }`.

import { createInterface } from "node:readline";
import { openBuffer } from "@sluice/core";
import { natsTransport } from "../../dist/index.js";

const [, , url, name] = process.argv;
const transport = natsTransport({ url, name });
const buffer = await openBuffer(transport);
let lease;
const things = {
  buffer,
  patient: await buffer.producer({ id: "patient" }),
  hasty: await buffer.producer({ id: "hasty" }),
  consumer: await buffer.consumer(),
  other: {
    open: async () => void (await openBuffer(transport)),
    register: async () => void (await buffer.producer()),
    async hold() {
      lease = (await things.consumer.lease({ leaseMs: 600_000 })).value;
      return lease.value;
    },
    ack: () => lease.ack(),
  },
};
const say = (told) => console.log(JSON.stringify(told));
say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, on, call, args } = JSON.parse(line);
  things[on][call](...args).then(
    (value) => say({ id, value }),
    (error) => say({ id, code: error.code ?? String(error) }),
  );
}
process.exit();
