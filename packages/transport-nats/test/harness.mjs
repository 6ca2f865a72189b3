// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-nats/test/harness.mjs`).
// One server for all rules, each with a buffer of its own name.
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsTransport } from "../dist/index.js";
import { NatsServer } from "./support/nats-server.mjs";

/**
 * @param {() => Promise<import("./harness.mjs").Servers>} servers - the same at every call.
 * @param {Pick<import("../dist/index.js").NatsTransportOptions, "replicas">} options
 * @returns {import("@sluice/transport-contract").Harness}
 */
export function harnessOn(servers, options = {}) {
  let names = 0;
  /** @type {WeakMap<import("@sluice/core").BufferTransport, string>} */
  const nameOf = new WeakMap();

  /**
   * @template T
   * @param {(jsm: import("@nats-io/jetstream").JetStreamManager) => Promise<T>} ask
   */
  async function withServers(ask) {
    const nc = await connect({ servers: [...(await servers()).urls] });
    try {
      return await ask(await jetstreamManager(nc));
    } finally {
      await nc.close();
    }
  }

  /** @param {import("@sluice/core").BufferTransport} transport */
  const streamsOf = (transport) =>
    withServers((jsm) => jsm.streams.names(`sluice.at.${nameOf.get(transport)}`).next());

  return {
    async createTransport() {
      const { urls } = await servers();
      names += 1;
      const transport = natsTransport({ url: urls, name: `rule-${names}`, ...options });
      nameOf.set(transport, `rule-${names}`);
      return transport;
    },
    capabilities: natsTransport({ url: "nats://somewhere", name: "any", ...options }).capabilities,
    failpoints: ["nats.before-commit", "nats.after-commit", "nats.before-state"],
    async cleanup(transport) {
      for (const stream of await streamsOf(transport)) await withServers((jsm) => jsm.streams.delete(stream));
    },
    leftovers: streamsOf,
    async restart() {
      await (await servers()).restart();
    },
  };
}

/** @type {Promise<NatsServer> | undefined} */
let starting;

export default harnessOn(async () => {
  starting ??= NatsServer.start();
  const server = await starting;
  return {
    urls: [server.url],
    async restart() {
      await server.kill();
      await server.start();
    },
  };
});

/** Of the server. */
export async function stop() {
  await (await starting)?.stop();
}
