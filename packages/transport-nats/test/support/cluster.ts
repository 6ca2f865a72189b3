/** Three servers that keep their streams together. */

import { connect } from "@nats-io/transport-node";
import { freePort, type Network, until } from "@sluice/test-support";
import { onTestFinished } from "vitest";
import { NatsServer } from "./nats-server.mjs";
import { asked, streamsIn } from "./servers.js";

const SERVERS = 3;
/** They wait for each other by times of their own. */
const FOUND_MS = 60_000;

export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /**
   * Gone after the test.
   *
   * @param far - the last of them is there.
   */
  static async start(far?: Network): Promise<NatsCluster> {
    const cluster = await NatsCluster.made(far);
    onTestFinished(() => cluster.stop());
    await cluster.begin();
    return cluster;
  }

  /** Not started yet; whoever made it stops it. */
  static async made(far?: Network): Promise<NatsCluster> {
    const hosts = Array.from({ length: SERVERS }, (_, at) => {
      if (far === undefined) return "127.0.0.1";
      return at === SERVERS - 1 ? far.farAddress : far.nearAddress;
    });
    const ports = await Promise.all(Array.from({ length: SERVERS }, freePort));
    const routePorts = await Promise.all(Array.from({ length: SERVERS }, freePort));
    const routes = routePorts.map((port, at) => `"nats://${hosts[at]}:${port}"`).join(", ");
    const servers = ports.map((port, at) => {
      const own = `cluster { name: "sluice", listen: "${hosts[at]}:${routePorts[at]}", routes: [${routes}] }`;
      return new NatsServer(`server_name: "${nameOf(at)}"\n${own}`, {
        bind: hosts[at] ?? "",
        before: far !== undefined && at === SERVERS - 1 ? far.far : [],
        port,
      });
    });
    return new NatsCluster(servers);
  }

  /** Also once more. */
  async begin(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()));
    await until(() => this.#isWhole(), "three servers have found each other", FOUND_MS);
  }

  /** All at once, and without warning. */
  async kill(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
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

  /** Has the stream led by this one. */
  async handOverTo(server: NatsServer): Promise<void> {
    await until(
      async () => {
        if ((await this.leader()) === server) return true;
        await steppedDown(this.urls);
        return false;
      },
      `the stream is led by ${server.url}`,
      FOUND_MS,
    );
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

async function steppedDown(urls: readonly string[]): Promise<void> {
  const nc = await connect({ servers: [...urls] });
  try {
    const [stream = ""] = await asked(urls, streamsIn);
    await nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, "", { timeout: 20_000 });
  } finally {
    await nc.close();
  }
}

function nameOf(at: number): string {
  return `server-${at}`;
}
