// Who takes part, at the instants at which somebody else could take the living for dead, or a place for free.

import { once } from "node:events";
import { closeSync, fstatSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { loadNativePort } from "@sluice/native-port";
import { expect, test, vi } from "vitest";
import { Participants, type Registration } from "../dist/participants.js";
import { geometryOf } from "../dist/region-layout.js";
import { Actor } from "./support/actor.js";
import { Folder, noWait, until } from "./support/ports.js";
import { isStopped } from "./support/processes.js";

test("who joins while another leaves gets the place, and keeps it", async () => {
  using folder = new Folder();
  const port = await folder.create();
  const leaving = await folder.transport().open();
  const native = await loadNativePort();
  const geometry = geometryOf(port.spec);
  const words = await folder.words(geometry.regionBytes);
  const region = { geometry, words, bytes: new Uint8Array(0), floats: new Float64Array(0) };
  const participants = new Participants(native, region, folder.root);
  // At the instant at which the one who leaves has given back the lock of its FIFO.
  let newcomer: Registration | undefined;
  const { destroy } = Socket.prototype;
  const spy = vi.spyOn(Socket.prototype, "destroy").mockImplementation(function (this: Socket, ...args) {
    destroy.apply(this, args);
    newcomer ??= participants.join();
    return this;
  });
  await leaving.close();
  spy.mockRestore();
  expect(newcomer?.place).toBe(2);
  expect(participants.isDead(newcomer?.me ?? 0)).toBe(false);
  expect(participants.wordOf(2)).toBe(newcomer?.me);
  closeSync(newcomer?.bell ?? 0);
  await port.destroy();
});

test("a lock is not taken from the living, although somebody has removed its FIFO", async () => {
  using folder = new Folder();
  const port = await folder.create({}, 50);
  using sleeper = await Actor.on(port.address);
  await sleeper.call("arm", "shm.before-put-commit", "SIGSTOP");
  const put = sleeper.call("put", "item");
  await until(() => isStopped(sleeper.child.pid ?? 0), "it stops itself");
  for (const bell of folder.bells) rmSync(join(folder.root, bell));
  const producer = await port.producer();
  await expect(async () => producer.offer(1, [Buffer.from("x")], noWait)).rejects.toThrow(
    expect.objectContaining({ code: "BUFFER_BUSY" }),
  );
  sleeper.child.kill("SIGCONT");
  expect(await put).toBe("open");
  await port.destroy();
});

test("a worker thread that ends closes nothing of the others", async () => {
  using folder = new Folder();
  const port = await folder.create();
  const module = new URL("../dist/index.js", import.meta.url).href;
  const body = `
    const { parentPort, workerData } = require("node:worker_threads");
    parentPort.once("message", () => {});
    (async () => {
      const { transportAt } = await import(workerData.module);
      const port = await transportAt(workerData.address).open(workerData.address);
      await port.close();
      setTimeout(() => parentPort.postMessage("closed"), 50);
    })();`;
  const worker = new Worker(body, { eval: true, workerData: { module, address: port.address } });
  await once(worker, "message");
  const others = Array.from({ length: 10 }, () => openSync("/dev/null", "r"));
  worker.postMessage("end");
  await once(worker, "exit");
  for (const fd of others) {
    expect(() => fstatSync(fd)).not.toThrow();
    closeSync(fd);
  }
  await port.destroy();
});
