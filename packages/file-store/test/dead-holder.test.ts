// A holder of leases that was killed is found by a poll that finds nothing else, in that very call.

import { fork } from "node:child_process";
import { once as event } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { LOCK_NAMES } from "../dist/index.js";
import { created, Folder, noWait, Worker } from "./support/ports.js";

const VICTIM = new URL("./support/victim.mjs", import.meta.url);
const UNREADABLE = new URL("./support/unreadable.mjs", import.meta.url).href;

const victims = [
  ...LOCK_NAMES.map((lock) => ({ name: lock, lock, unreadable: undefined })),
  // One file that it cannot read must not cost others the whole time of its leases.
  ...["boot_id", "stat"].map((file) => ({
    name: `it could not read its ${file}`,
    lock: undefined,
    unreadable: `/${file}`,
  })),
];

test.each(victims)(
  "$name: a poll that does not wait gets the item that a killed process held",
  async ({ lock, unreadable }) => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder, {}, "none", lock));
    worker.put(7);
    const child = fork(VICTIM, {
      execArgv: unreadable === undefined ? [] : ["--import", UNREADABLE],
      env: { ...process.env, UNREADABLE: unreadable },
    });
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
