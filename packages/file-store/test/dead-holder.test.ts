// A holder of leases that was killed is found by a poll that finds nothing else, in that very call.

import { fork } from "node:child_process";
import { once as event } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { LOCK_NAMES } from "../dist/index.js";
import { created, Folder, noWait, Worker } from "./support/ports.js";

test.each(LOCK_NAMES)(
  "%s: a poll that does not wait gets the item that a killed process held",
  async (lock) => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder, {}, "none", lock));
    worker.put(7);
    const child = fork(new URL("./support/victim.mjs", import.meta.url));
    child.send({ ...worker.buffer.address });
    expect((await event(child, "message"))[0]).toBe("leases");
    expect(worker.counts()).toMatchObject({ leased: 1, ready: 0 });
    child.kill("SIGKILL");
    await event(child, "exit");
    // Who is dead is looked at so often.
    await sleep(250);
    const polled = await worker.consumer.poll(10, noWait);
    expect(polled.state).toBe("open");
    expect(polled.deliveries.map(({ failures }) => failures)).toEqual([1]);
    await worker.buffer.destroy();
  },
);
