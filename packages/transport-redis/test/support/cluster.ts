/** A cluster of three masters, each with a replica. Gone after the test. */

import { execFileSync } from "node:child_process";
import { freePort, until } from "@sluice/test-support";
import { Cluster } from "ioredis";
import { onTestFinished } from "vitest";
import { slotOf } from "../../dist/link.js";
import type { RedisServer } from "./redis-server.mjs";
import { server } from "./servers.js";

const NODES = 6;

export class RedisCluster {
  readonly #nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.#nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(
      Array.from({ length: NODES }, async () => {
        const bus = ["--cluster-port", String(await freePort())];
        const pace = ["--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"];
        return server(["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", ...bus, ...pace]);
      }),
    );
    const places = nodes.map(({ port }) => `127.0.0.1:${port}`);
    execFileSync(
      "redis-cli",
      ["--cluster", "create", ...places, "--cluster-replicas", "1", "--cluster-yes"],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    const cluster = new RedisCluster(nodes);
    // One that has not had its first copy is never promoted.
    await until(async () => {
      const infos = await Promise.all(nodes.map((node) => node.command("INFO", "replication")));
      const states = await Promise.all(nodes.map((node) => node.command("CLUSTER", "INFO")));
      const replicas = infos.filter((info) => /master_link_status:up/.test(info)).length;
      return replicas === NODES / 2 && states.every((state) => /cluster_state:ok/.test(state));
    }, "the cluster is whole");
    return cluster;
  }

  /** Through all of its nodes. */
  client(): Cluster {
    const client = new Cluster(this.#nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
    client.on("error", () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }

  /** The master that has a key, of those that answer; undefined where there is none. */
  async ownerOf(key: string): Promise<RedisServer | undefined> {
    const slot = slotOf(key);
    for (const node of this.#nodes) {
      const nodes = await node.command("CLUSTER", "NODES").catch(() => "");
      const own = nodes.split("\n").find((line) => line.includes("myself,master"));
      for (const [, from, to] of own?.matchAll(/ (\d+)-(\d+)/g) ?? [])
        if (Number(from) <= slot && slot <= Number(to)) return node;
    }
    return undefined;
  }
}
