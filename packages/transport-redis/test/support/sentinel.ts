/** A Sentinel that watches a master. Gone after the test. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Place, ServerProcess } from "@sluice/test-support";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { program, type RedisServer } from "./redis-server.mjs";

/** What it calls the master. */
const NAME = "watched";
/** So long a master may be silent at first: nobody is to be called dead for being slow. */
const PATIENT_MS = 600_000;
const IMPATIENT_MS = 1_000;
/** Where no replica is fit to be promoted, it tries again after twice this. */
const RETRY_MS = 2_000;

export class Sentinel extends ServerProcess {
  static async start(master: RedisServer): Promise<Sentinel> {
    const sentinel = new Sentinel("sentinel", { port: await freePort() } satisfies Place);
    onTestFinished(() => sentinel.stop());
    const file = join(sentinel.folder, "sentinel.conf");
    const lines = [
      `port ${sentinel.port}`,
      `bind ${sentinel.host}`,
      "protected-mode no",
      `dir ${sentinel.folder}`,
      `sentinel monitor ${NAME} ${master.host} ${master.port} 1`,
      `sentinel down-after-milliseconds ${NAME} ${PATIENT_MS}`,
      `sentinel failover-timeout ${NAME} ${RETRY_MS}`,
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    await sentinel.run(program, [file, "--sentinel"], /monitor master/);
    return sentinel;
  }

  /** Through it. */
  client(): Redis {
    const sentinels = [{ host: this.host, port: this.port }];
    const client = new Redis({ sentinels, name: NAME, lazyConnect: true });
    client.on("error", () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }

  async #ask(...words: readonly [string, ...string[]]): Promise<unknown> {
    const client = new Redis({ host: this.host, port: this.port });
    try {
      return await client.call(...words);
    } finally {
      client.disconnect();
    }
  }

  /** The master is dead: from now on it finds that out. */
  async loseItsPatience(): Promise<void> {
    await this.#ask("SENTINEL", "SET", NAME, "down-after-milliseconds", String(IMPATIENT_MS));
  }

  async masterPort(): Promise<number> {
    const [, port] = (await this.#ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)) as [string, string];
    return Number(port);
  }

  async replicaCount(): Promise<number> {
    return ((await this.#ask("SENTINEL", "REPLICAS", NAME)) as unknown[]).length;
  }
}
