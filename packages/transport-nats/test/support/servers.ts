/** Servers and buffers that are gone after the test. */

import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type BoundedBuffer, type BufferSettings, createBuffer, openBuffer } from "@sluice/core";
import type { Place } from "@sluice/test-support";
import { onTestFinished } from "vitest";
import { type NatsTransportOptions, natsTransport } from "../../dist/index.js";
import { NatsServer, program } from "./nats-server.mjs";

/** Why a test of a server is skipped. */
export const noServer: boolean = program === undefined;

export async function server(config = "", place: Partial<Place> = {}): Promise<NatsServer> {
  const started = await NatsServer.start(config, place);
  onTestFinished(() => started.stop());
  return started;
}

let names = 0;

/** A buffer under a name of its own. */
export async function made(
  url: string | readonly string[],
  settings: BufferSettings,
  options: Partial<NatsTransportOptions> = {},
): Promise<{
  readonly buffer: BoundedBuffer<string>;
  readonly another: () => Promise<BoundedBuffer<string>>;
}> {
  names += 1;
  const transport = natsTransport({ url, name: `test ${names}`, ...options });
  const buffer = await createBuffer<string>(transport, settings);
  const another = async () => {
    const handle = await openBuffer<string>(transport);
    onTestFinished(() => handle.close());
    return handle;
  };
  onTestFinished(() => buffer.close());
  return { buffer, another };
}

/** Asks the server itself. */
export async function asked<T>(
  url: string | readonly string[],
  ask: (jsm: JetStreamManager) => Promise<T>,
): Promise<T> {
  const nc = await connect({ servers: [url].flat(), timeout: 20_000 });
  try {
    return await ask(await jetstreamManager(nc, { checkAPI: false, timeout: 20_000 }));
  } finally {
    await nc.close();
  }
}

export function streamsIn(jsm: JetStreamManager): Promise<string[]> {
  return jsm.streams.names().next();
}
