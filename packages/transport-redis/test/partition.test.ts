// Workers on two hosts, their server on one of them, and no network between the two for a while.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Account, Network, sum, until, whyNoNetwork } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { noServer, server } from "./support/servers.js";

const MODULE = fileURLToPath(new URL("./support/worker.mjs", import.meta.url));
const ITEMS = 600;
const CUT_MS = 5_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN", "LEASE_LOST"];

const why = whyNoNetwork();
if (why !== undefined) console.log(`No partition is tested here: ${why}`);

/** A process on one of the hosts. */
class Worker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: string[] = [];
  readonly #end: Promise<unknown>;

  constructor(host: readonly string[], args: readonly string[]) {
    const [command = "", ...rest] = [...host, process.execPath, MODULE, ...args];
    this.#child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void this.#child.kill("SIGKILL"));
    this.#end = once(this.#child, "close");
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  static async start(host: readonly string[], ...args: readonly string[]): Promise<Worker> {
    const worker = new Worker(host, args);
    await until(() => worker.#lines.length > 0, `a worker that is to ${args.slice(2).join(" ")} is ready`);
    expect(worker.#lines[0]).toBe('"ready"');
    return worker;
  }

  /** Of a host; and a consumer holds its next item. */
  async ask<T>(call: "counts" | "seal" | "destroy" | "hold"): Promise<T> {
    const before = this.#lines.length;
    this.#child.stdin.write(`${call}\n`);
    await until(() => this.#lines.length > before, `the host answers ${call}`);
    return JSON.parse(this.#lines[before] as string) as T;
  }

  /** A consumer holds it no longer. */
  letGo(): void {
    this.#child.stdin.write("go on\n");
  }

  async result<T>(): Promise<T> {
    await this.#end;
    return JSON.parse(this.#lines.at(-1) as string) as T;
  }
}

test.skipIf(why !== undefined || noServer)(
  "no network for 5 s: who is cut off is told, the others go on, and then all do",
  { timeout: 240_000 },
  async () => {
    const network = new Network(onTestFinished);
    const redis = await server([], { bind: network.farAddress, before: network.far });
    const place = [redis.url, "shared"];
    const host = await Worker.start(network.far, ...place, "host");
    const near = await Worker.start(network.near, ...place, "consume");
    const far = await Worker.start(network.far, ...place, "consume");
    const held = near.ask("hold");
    const puts = await Promise.all([
      Worker.start(network.near, ...place, "put", "near", `${ITEMS}`),
      Worker.start(network.far, ...place, "put", "far", `${ITEMS}`),
    ]);
    const consumed = async () => (await host.ask<{ consumed: number }>("counts")).consumed;
    await until(async () => (await consumed()) > 30, "all are at work");
    await held;
    network.cut();
    near.letGo();
    const atCut = await consumed();
    await until(async () => (await consumed()) > atCut, "those beside the server go on");
    await sleep(CUT_MS);
    network.heal();
    const faults = (await Promise.all(puts.map((put) => put.result<{ faults: string[] }>()))).map(
      (one) => one.faults,
    );
    expect(faults[1], "faults of the producer beside the server").toEqual([]);
    await host.ask("seal");
    const accounts = await Promise.all([near, far].map((one) => one.result<Account>()));
    const [cutOff, beside] = accounts as [Account, Account];
    expect(
      cutOff.faults.length,
      "calls of the consumer cut off, with a lease in hand, that were told",
    ).toBeGreaterThan(0);
    expect(beside.faults, "faults of the consumer beside the server").toEqual([]);
    for (const fault of [...(faults[0] ?? []), ...cutOff.faults]) expect(TYPED).toContain(fault);
    const { values, unsure } = sum(accounts);
    expect(new Set(values).size, "items that were finished twice").toBe(values.length);
    expect(ITEMS * 2 - values.length, "items that are missing").toBeLessThanOrEqual(unsure);
    const ended = { produced: ITEMS * 2, consumed: ITEMS * 2, ready: 0, leased: 0, dead: 0 };
    expect(await host.ask("counts")).toMatchObject(ended);
    await host.ask("destroy");
  },
);
