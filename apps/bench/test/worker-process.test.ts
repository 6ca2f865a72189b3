// Goal: a worker that is killed is told of by its end, and by nothing else. Method: one that never reads what it is told, at a pipe
// for both ways, which breaks with what was not read.
import { expect, test } from "vitest";
import { startUnder } from "../dist/running.js";
import type { Job } from "../dist/worker-messages.js";
import { WorkerProcess } from "../dist/worker-process.js";

test("a worker that is killed before it has read what it was told has failed, and nothing is thrown beside that", async () => {
  const job = {} as Job;
  const [running] = startUnder([process.execPath, "-e", "setInterval(() => {}, 1000)"], [job], false);
  if (running === undefined) throw new Error("Expected a worker");
  const worker = new WorkerProcess("consumer 0", job, running);
  running.kill();
  await expect(worker.ready).rejects.toThrow("consumer 0 ended with SIGKILL");
  await worker.exited;
});
