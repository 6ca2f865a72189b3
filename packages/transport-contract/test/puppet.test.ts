// The driver's child processes.
import { expect, test } from "vitest";
import { Puppet } from "../dist/processes/puppet.js";

test("one that stops itself while it opens goes on, and tells what came of it", async () => {
  const address = {
    module: new URL("./stopping-transport.mjs", import.meta.url).href,
    transport: "stopping",
    place: null,
  };
  const failpoint = { name: "stopping.opening", passing: 1, signal: "SIGSTOP" } as const;
  const starting = Puppet.start({ address, failpoint, wakeEveryMs: 100 });
  await expect(starting).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
});

test("one that is told something after it was let go has ended, and nothing else", async () => {
  const puppet = await Puppet.start();
  const left = puppet.leave();
  const answer = puppet.call("resources");
  expect(await left).toBe(0);
  expect(puppet.isGone).toBe(true);
  await expect(answer).rejects.toThrow("ended with code 0");
});
