import { setTimeout as delay } from "node:timers/promises";

/** As Node itself does now and then (its issue 54918). */
export function neverExit() {
  process.on("exit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
}

const WAYS = {
  "exit 0": () => process.exit(0),
  "exit 3": () => process.exit(3),
  "an exit that never ends": () => {
    neverExit();
    process.exit(3);
  },
  SIGKILL: () => process.kill(process.pid, "SIGKILL"),
  throws: () => {
    throw new Error("the source has dried up");
  },
  uncaught: () => {
    setTimeout(() => {
      throw new Error("nobody caught this");
    });
    return delay(60_000);
  },
  // Told to stop, it goes on all the same.
  hangs: () => delay(60_000),
  blocks: () => {
    for (;;);
  },
};

export async function endBy({ args }) {
  await WAYS[args.how]();
}
