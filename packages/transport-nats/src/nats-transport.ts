/** The factory, its options, and the address that lets others open what it made. */

import type { NodeConnectionOptions } from "@nats-io/transport-node";
import {
  type BufferAddress,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  type BufferWishes,
  checkOptions,
  INTERFACE_VERSION,
  isBufferError,
  outOfRange,
  wrongType,
} from "@sluice/core";
import { Store, StorePort } from "@sluice/file-store";
import { faults, NAME } from "./faults.js";
import { Link, limitFromNow } from "./link.js";
import { makeStream } from "./make-stream.js";
import { namesOf } from "./names.js";
import { NatsCommits } from "./nats-commits.js";
import { NatsLog } from "./nats-log.js";
import { type Found, foundAt, isMade, removeStream } from "./place.js";
import { capabilitiesOf, checkServer } from "./server-facts.js";
import { type ServerPlace, serversAgain, serversAt } from "./server-place.js";

export interface NatsTransportOptions {
  /** Names the buffer among those of its account: 1 to 200 characters. */
  readonly name: string;
  /**
   * `nats://user:password@host:port` or `tls://…`, one, several, or several with commas between them. Default: what the environment
   * variable `SLUICE_NATS_URL` says. Its secrets are in no message and in no address.
   */
  readonly url?: string | readonly string[];
  /** Options of the NATS client beside the URL, such as `authenticator` and `tls`. How connections are made again stays this transport's affair. */
  readonly client?: NodeConnectionOptions;
  /** Of a buffer that is created: on how many servers it is kept: 1, 3 or 5. Default 1. More than 1 needs servers from 2.10.27 on. */
  readonly replicas?: 1 | 3 | 5;
}

const MODULE = new URL("./index.js", import.meta.url).href;
const OPTIONS = ["name", "url", "client", "replicas"];
const NAME_CHARACTERS_MAX = 200;
const REPLICAS: readonly unknown[] = [1, 3, 5];

/**
 * A bounded buffer in a stream of NATS JetStream, for the processes of as many hosts as reach it.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function natsTransport(options: NatsTransportOptions): BufferTransport {
  if (options === undefined)
    throw wrongType("the options of natsTransport", "an object with a name", options);
  checkOptions("the options of natsTransport", options, OPTIONS);
  const { name, url, client, replicas = 1 } = options;
  const expected = `a string of 1 to ${NAME_CHARACTERS_MAX} characters`;
  if (typeof name !== "string") throw wrongType("`name`", expected, name);
  if (name === "" || name.length > NAME_CHARACTERS_MAX) throw outOfRange("`name`", expected, name);
  if (!REPLICAS.includes(replicas)) throw outOfRange("`replicas`", "1, 3 or 5", replicas);
  return transportOn(serversAt(url, client), name, replicas);
}

/** The other way in, for core: an address that came from `BufferPort.address` leads back to its place. */
export function transportAt(address: BufferAddress): BufferTransport {
  const { urls, name, replicas } = readAddress(address);
  return transportOn(serversAgain(urls), name, replicas);
}

function transportOn(servers: ServerPlace, name: string, replicas: number): BufferTransport {
  return {
    name: NAME,
    module: MODULE,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilitiesOf(replicas),
    create: (spec, wishes) => create(servers, name, replicas, spec, wishes),
    async open(address) {
      const wanted = address === undefined ? undefined : readAddress(address);
      return open(servers, wanted?.name ?? name, replicas, wanted?.id);
    },
  };
}

async function create(
  servers: ServerPlace,
  name: string,
  replicas: number,
  spec: BufferSpec,
  wishes: BufferWishes,
): Promise<BufferAddress> {
  if (wishes.durability === "fsync") {
    const why = "a server syncs when it is set to (`sync_interval`), and does not tell its clients";
    throw faults.of("CAPABILITY_MISSING", `\`durability: "fsync"\` cannot be promised: ${why}`);
  }
  const link = new Link(servers);
  try {
    const limit = limitFromNow();
    checkServer(await link.session(limit), replicas, spec);
    const id = await makeStream(link, limit, { name, spec, replicas }, (found) =>
      isDestroyed(servers, found),
    );
    return addressOf(servers, name, id, replicas);
  } finally {
    link.close();
  }
}

/** Whether it is only what a destroyer has left that died. Rejects `BUFFER_EXISTS` if it is not. */
async function isDestroyed(servers: ServerPlace, found: Found): Promise<boolean> {
  let port: BufferPort;
  try {
    port = await openFound(servers, found, 1);
  } catch (error) {
    if (isBufferError(error, "BUFFER_DESTROYED")) return true;
    // It has gone meanwhile.
    if (isBufferError(error, "BUFFER_NOT_FOUND")) return false;
    throw error;
  }
  await port.close();
  const { name } = found.described;
  throw faults.of(
    "BUFFER_EXISTS",
    `There is a buffer ${JSON.stringify(name)} at ${servers.urls.join(", ")} already`,
  );
}

/** @param id - of the one that is meant; undefined for any. */
async function open(
  servers: ServerPlace,
  name: string,
  replicas: number,
  id: string | undefined,
): Promise<BufferPort> {
  const link = new Link(servers);
  try {
    const all = await foundAt(link, name);
    const found = all.find((one) => isMade(one) && (id === undefined || one.described.id === id));
    if (found === undefined) throw missing(link, name);
    return await openFound(servers, found, replicas);
  } catch (error) {
    throw isBufferError(error, "BUFFER_DESTROYED") ? missing(link, name) : error;
  } finally {
    link.close();
  }
}

/** Rejects `BUFFER_DESTROYED` where its destroyer has committed that, and `BUFFER_NOT_FOUND` where its stream is not there. */
async function openFound(
  servers: ServerPlace,
  { described: { name, id, spec }, info }: Found,
  replicas: number,
): Promise<BufferPort> {
  const log = new NatsLog(servers, namesOf(name, id), Object.freeze(spec));
  const commits = new NatsCommits(log);
  try {
    await log.link.session(limitFromNow());
  } catch (error) {
    commits.close();
    throw isBufferError(error, "BUFFER_DESTROYED") ? missing(log.link, name) : error;
  }
  if (log.state.destroyed) {
    commits.close();
    throw faults.destroyed("in the stream");
  }
  const identity = {
    capabilities: capabilitiesOf(Math.min(replicas, info.config.num_replicas)),
    address: addressOf(servers, name, id, info.config.num_replicas),
  };
  return new StorePort(new Store(commits), log.spec, identity, async () => {
    const link = new Link(servers);
    try {
      await removeStream(link, info.config.name);
    } finally {
      link.close();
    }
  });
}

function missing({ where }: Link, name: string): Error {
  return faults.of("BUFFER_NOT_FOUND", `There is no such buffer ${JSON.stringify(name)} at ${where}`);
}

interface AddressPlace {
  readonly urls: readonly string[];
  readonly name: string;
  readonly id: string;
  readonly replicas: number;
}

function addressOf({ urls }: ServerPlace, name: string, id: string, replicas: number): BufferAddress {
  return Object.freeze({ module: MODULE, transport: NAME, place: { urls: [...urls], name, id, replicas } });
}

/** An address is data from outside: check its shape before use. */
function readAddress({ place }: BufferAddress): AddressPlace {
  const found = (typeof place === "object" && place !== null ? place : {}) as Record<string, unknown>;
  const { urls, name, id, replicas } = found;
  const areUrls = Array.isArray(urls) && urls.length > 0 && urls.every((url) => typeof url === "string");
  const isRight =
    areUrls &&
    typeof name === "string" &&
    typeof id === "string" &&
    /^[0-9a-f]+$/.test(id) &&
    REPLICAS.includes(replicas);
  if (!isRight)
    throw wrongType("`address.place`", "the `{ urls, name, id, replicas }` of a nats buffer", place);
  return { urls: urls as string[], name, id, replicas: replicas as number };
}
