// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-nats/test/harness.mjs`).
// One server for all rules, each with a buffer of its own name.
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsTransport } from "../dist/index.js";
import { NatsServer } from "./support/nats-server.mjs";

/** @type {Promise<NatsServer> | undefined} */
let starting;
const server = () => (starting ??= NatsServer.start());
let names = 0;
/** @type {WeakMap<import("@sluice/core").BufferTransport, string>} */
const nameOf = new WeakMap();

/**
 * @template T
 * @param {(jsm: import("@nats-io/jetstream").JetStreamManager) => Promise<T>} ask
 */
async function withServer(ask) {
  const nc = await connect({ servers: (await server()).url });
  try {
    return await ask(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}

/** @param {import("@sluice/core").BufferTransport} transport */
const streamsOf = (transport) =>
  withServer((jsm) => jsm.streams.names(`sluice.at.${nameOf.get(transport)}`).next());

export default {
  async createTransport() {
    const { url } = await server();
    names += 1;
    const transport = natsTransport({ url, name: `rule-${names}` });
    nameOf.set(transport, `rule-${names}`);
    return transport;
  },
  capabilities: natsTransport({ url: "nats://somewhere", name: "any" }).capabilities,
  failpoints: ["nats.before-commit", "nats.after-commit", "nats.before-state"],
  /** @param {import("@sluice/core").BufferTransport} transport */
  async cleanup(transport) {
    for (const stream of await streamsOf(transport)) await withServer((jsm) => jsm.streams.delete(stream));
  },
  leftovers: streamsOf,
  async restart() {
    await (await server()).kill();
    await (await server()).start();
  },
};

/** Of the server. */
export async function stop() {
  await (await starting)?.stop();
}
