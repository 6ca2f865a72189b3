/** A cluster of three masters, each with a replica. Gone after the test. */

import { execFileSync } from "node:child_process";
import { freePort, programOf, until } from "@sluice/test-support";
import { Cluster } from "ioredis";
import { onTestFinished } from "vitest";
import { slotOf } from "../../dist/link.js";
import type { RedisServer } from "./redis-server.mjs";
import { server } from "./servers.js";

const NODES = 6;
/** After so long a node that is silent is dead: at first, for nodes find each other by it, and where one is. */
const IMPATIENT_MS = "1000";
/** In between: nobody is to be called dead for being slow. */
const PATIENT_MS = "30000";
const CREATE_MS = 60_000;
/** In a line of `CLUSTER NODES`. */
const SLOTS_AT = 8;

export class RedisCluster {
  readonly #nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.#nodes = nodes;
  }

  /** @param args - of each server, behind ours. */
  static async start(args: readonly string[]): Promise<RedisCluster> {
    const nodes = await Promise.all(
      Array.from({ length: NODES }, async () => {
        const bus = ["--cluster-port", String(await freePort())];
        const pace = ["--cluster-node-timeout", IMPATIENT_MS, "--repl-diskless-sync-delay", "0"];
        return server([
          "--cluster-enabled",
          "yes",
          "--cluster-config-file",
          "nodes.conf",
          ...bus,
          ...pace,
          ...args,
        ]);
      }),
    );
    const places = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const cli = programOf(["redis-cli", "valkey-cli"], {
      required: "SLUICE_REQUIRE_REDIS",
      remedy: "apt-get install redis-tools",
    });
    if (cli === undefined) throw new Error("Expected a redis-cli beside the server");
    execFileSync(cli, ["--cluster", "create", ...places, "--cluster-replicas", "1", "--cluster-yes"], {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: CREATE_MS,
    });
    const cluster = new RedisCluster(nodes);
    // One that has not had its first copy is never promoted.
    await until(async () => {
      const infos = await Promise.all(nodes.map((node) => node.command("INFO", "replication")));
      const states = await Promise.all(nodes.map((node) => node.command("CLUSTER", "INFO")));
      const replicas = infos.filter((info) => /master_link_status:up/.test(info)).length;
      return replicas === NODES / 2 && states.every((state) => /cluster_state:ok/.test(state));
    }, "the cluster is whole");
    await cluster.#waitFor(PATIENT_MS);
    return cluster;
  }

  /** Through all of its nodes, as a user of theirs. */
  client(redisOptions: { readonly username: string; readonly password: string }): Cluster {
    const nodes = this.#nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
    const client = new Cluster(nodes, { redisOptions });
    client.on("error", () => {});
    onTestFinished(() => client.disconnect());
    return client;
  }

  /** From now on it finds out soon that a node is dead. */
  async loseItsPatience(): Promise<void> {
    await this.#waitFor(IMPATIENT_MS);
  }

  async #waitFor(ms: string): Promise<void> {
    for (const node of this.#nodes) await node.command("CONFIG", "SET", "cluster-node-timeout", ms);
  }

  /** Hands the slot of a key over to another master, and stops for a while where half of it is there. */
  async move(key: string, halfway: () => Promise<void>): Promise<void> {
    const slot = String(slotOf(key));
    const from = await this.ownerOf(key);
    const ids = new Map<RedisServer, string>();
    for (const node of this.#nodes)
      if (/role:master/.test(await node.command("INFO", "replication")))
        ids.set(node, (await node.command("CLUSTER", "MYID")).split("\r\n")[1] as string);
    const to = [...ids.keys()].find((node) => node !== from);
    if (from === undefined || to === undefined)
      throw new Error("Expected the slot to have an owner, and another");
    const set = async (node: RedisServer, ...state: readonly string[]) => {
      const answer = await node.command("CLUSTER", "SETSLOT", slot, ...state);
      if (!answer.startsWith("+OK")) throw new Error(`Expected a slot to be ${state.join(" ")}: ${answer}`);
    };
    await set(to, "IMPORTING", ids.get(from) as string);
    await set(from, "MIGRATING", ids.get(to) as string);
    const keysThere = async () =>
      (await from.command("CLUSTER", "GETKEYSINSLOT", slot, "1000"))
        .split("\r\n")
        .filter((line) => line.startsWith("sluice:"));
    const moved = async (keys: readonly string[]) => {
      const place = [to.host, String(to.port), '""', "0", "5000"];
      const answer = await from.command("MIGRATE", ...place, "KEYS", ...keys);
      if (!answer.startsWith("+OK")) throw new Error(`Expected ${keys.length} keys to move: ${answer}`);
    };
    const all = await keysThere();
    if (all.length < 2) throw new Error(`Expected a buffer to have keys to move: ${all.length}`);
    await moved(all.slice(0, all.length / 2));
    await halfway();
    for (let left = await keysThere(); left.length > 0; left = await keysThere()) await moved(left);
    for (const node of [to, from, ...ids.keys()]) await set(node, "NODE", ids.get(to) as string);
    // The keys came without waiting for it.
    const offset = async (of: RegExp) => Number(of.exec(await to.command("INFO", "replication"))?.[1] ?? -1);
    const written = await offset(/master_repl_offset:(\d+)/);
    await until(
      async () => (await offset(/slave0:.*offset=(\d+)/)) >= written,
      "the replica of the slot's new owner has what was moved",
    );
  }

  /** The master that has a key, of those that answer; undefined where there is none. */
  async ownerOf(key: string): Promise<RedisServer | undefined> {
    const slot = slotOf(key);
    for (const node of this.#nodes) {
      const nodes = await node.command("CLUSTER", "NODES").catch(() => "");
      const own = nodes.split("\n").find((line) => line.includes("myself,master"));
      // Behind what is said of the node itself; one that is on its way is in brackets.
      for (const range of own?.trim().split(" ").slice(SLOTS_AT) ?? []) {
        const [from = Number.NaN, to = from] = range.split("-").map(Number);
        if (from <= slot && slot <= to) return node;
      }
    }
    return undefined;
  }
}
