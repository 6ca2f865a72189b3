/** Three servers that keep their streams together. Gone after the test. */

import { onTestFinished } from "vitest";
import { freePort, NatsServer } from "./nats-server.mjs";
import { asked, streamsIn } from "./servers.js";
import { until } from "./until.js";

const SERVERS = 3;

export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<NatsCluster> {
    const ports = await Promise.all(Array.from({ length: SERVERS }, freePort));
    const routePorts = await Promise.all(Array.from({ length: SERVERS }, freePort));
    const routes = routePorts.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
    const prepared = ports.map((port, at) => {
      const own = `cluster { name: "sluice", listen: "127.0.0.1:${routePorts[at]}", routes: [${routes}] }`;
      return NatsServer.prepare(`server_name: "${nameOf(at)}"\n${own}`, {
        bind: "127.0.0.1",
        before: [],
        port,
      });
    });
    const servers = await Promise.all(prepared);
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });
    await Promise.all(servers.map((server) => server.start()));
    const cluster = new NatsCluster(servers);
    await until(() => cluster.#isWhole(), "three servers have found each other", 30_000);
    return cluster;
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** The server that leads the only stream there is. */
  async leader(): Promise<NatsServer> {
    let found: NatsServer | undefined;
    await until(async () => {
      found = await this.#leader().catch(() => undefined);
      return found !== undefined;
    }, "the stream has a leader");
    return found as NatsServer;
  }

  async #leader(): Promise<NatsServer | undefined> {
    return asked(this.urls, async (jsm) => {
      const [stream = ""] = await streamsIn(jsm);
      const { cluster } = await jsm.streams.info(stream);
      return this.servers.find((_, at) => nameOf(at) === cluster?.leader);
    });
  }

  async #isWhole(): Promise<boolean> {
    const config = { name: "probe", subjects: ["probe"], num_replicas: SERVERS };
    return asked(this.urls, async (jsm) => {
      await jsm.streams.add(config);
      return jsm.streams.delete(config.name);
    }).catch(() => false);
  }
}

function nameOf(at: number): string {
  return `server-${at}`;
}
