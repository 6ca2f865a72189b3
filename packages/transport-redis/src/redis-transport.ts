/** The factory, its options, and the address that lets others open what it made. */

import { randomBytes } from "node:crypto";
import {
  type BufferAddress,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  type BufferWishes,
  checkOptions,
  countFrom,
  INTERFACE_VERSION,
  outOfRange,
  wrongType,
} from "@sluice/core";
import type { Cluster, Redis, RedisOptions } from "ioredis";
import { fault, NAME } from "./faults.js";
import { Handle } from "./handle.js";
import { keysOf, placeKey } from "./keys.js";
import { Link } from "./link.js";
import { RedisPort } from "./redis-port.js";
import { scripts } from "./scripts.js";
import { capabilitiesOf, factsOf } from "./server-facts.js";
import {
  checkConnection,
  type PublicPlace,
  type ServerPlace,
  serverAgain,
  serverAt,
  serverOf,
} from "./server-place.js";
import { BLOCK_GRACE_MS, BLOCK_MS, FALLBACK_MS } from "./timing.js";

export interface RedisTransportOptions {
  /** Names the buffer among those of its server: 1 to 200 characters. */
  readonly name: string;
  /**
   * `redis://user:password@host:port/database`, `rediss://…` for TLS, or `unix:///path`. Default: what the environment variable
   * `SLUICE_REDIS_URL` says. Its secrets are in no message and in no address.
   */
  readonly url?: string;
  /** Options of ioredis beside the URL, such as `tls`. How connections are made again stays this transport's affair. */
  readonly client?: RedisOptions;
  /** A connection of ioredis of one's own, instead of `url`: others are made like it, and it is left alone. For Cluster, Sentinel and TLS. */
  readonly connection?: Redis | Cluster;
  /**
   * Of a buffer that is created: a put resolves when a replica has it too (`WAIT`), and one of which that is not known within a
   * second is `OUTCOME_UNKNOWN`. Costs a round trip between the servers for each put.
   */
  readonly confirm?: "replica";
  /** Of a buffer that is created: whoever waits looks again after so long, unasked. From 100 to 3,600,000; default 3,000. */
  readonly fallbackMs?: number;
}

const MODULE = new URL("./index.js", import.meta.url).href;
const FORMAT = 1;
/** As `parts/header.lua` counts them; behind them stands one text. */
const HEADER_NUMBERS = 24;
const OPTIONS = ["name", "url", "client", "connection", "confirm", "fallbackMs"];
const NAME_CHARACTERS_MAX = 200;

/**
 * A bounded buffer in a Redis or Valkey server, for the processes of as many hosts as reach it.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function redisTransport(options: RedisTransportOptions): BufferTransport {
  if (options === undefined)
    throw wrongType("the options of redisTransport", "an object with a name", options);
  checkOptions("the options of redisTransport", options, OPTIONS);
  const { name, url, client, connection, confirm, fallbackMs = FALLBACK_MS } = options;
  checkName(name);
  if (confirm !== undefined && confirm !== "replica") throw outOfRange("`confirm`", "`replica`", confirm);
  countFrom(100, "`fallbackMs`", fallbackMs, 3_600_000);
  if (connection !== undefined && (url !== undefined || client !== undefined))
    throw outOfRange("`connection`", "alone, without `url` and `client`", "both");
  const server = connection === undefined ? serverAt(url, client) : serverOf(checkConnection(connection));
  return transportOn(server, name, confirm === "replica", fallbackMs);
}

/** The other way in, for core: an address that came from `BufferPort.address` leads back to its place. */
export function transportAt(address: BufferAddress): BufferTransport {
  const { server, name, confirms } = readAddress(address);
  return transportOn(serverAgain(server), name, confirms, FALLBACK_MS);
}

function transportOn(
  server: ServerPlace,
  name: string,
  confirms: boolean,
  fallbackMs: number,
): BufferTransport {
  return {
    name: NAME,
    module: MODULE,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilitiesOf(confirms),
    create: (spec, wishes) => create(server, { name, confirms, fallbackMs }, spec, wishes),
    async open(address) {
      const wanted = address === undefined ? undefined : readAddress(address);
      return open(server, wanted?.name ?? name, wanted?.id);
    },
  };
}

interface Own {
  readonly name: string;
  readonly confirms: boolean;
  readonly fallbackMs: number;
}

async function create(
  server: ServerPlace,
  { name, confirms, fallbackMs }: Own,
  spec: BufferSpec,
  wishes: BufferWishes,
): Promise<BufferAddress> {
  const link = new Link(server);
  try {
    const facts = await factsOf(link);
    if (wishes.durability === "fsync" && facts.log !== "synced") {
      const mend = "it needs `appendonly yes` and `appendfsync always`";
      throw fault(
        "CAPABILITY_MISSING",
        `The server at ${server.where} does not sync what it accepts: ${mend}`,
      );
    }
    if (confirms && facts.replicas === 0)
      throw fault("CAPABILITY_MISSING", `The server at ${server.where} has no replica that could confirm`);
    const id = randomBytes(6).toString("base64url");
    const keys = keysOf(name, id);
    // In the order of `parts/header.lua`.
    const { capacity, bufferBytesMax, failuresMax, deadLettersMax } = spec;
    const settings = [capacity, bufferBytesMax, failuresMax, deadLettersMax, fallbackMs];
    const header = [...settings, ...Array<number>(HEADER_NUMBERS - settings.length).fill(0)];
    const text = JSON.stringify({ ...spec, confirms });
    const [code] = await link.run<readonly [number]>(
      scripts.create,
      [keys.place, keys.header],
      [id, FORMAT, text, ...header],
    );
    if (code === 1)
      throw fault("BUFFER_EXISTS", `There is a buffer ${JSON.stringify(name)} at ${server.where} already`);
    if (code === 2) throw notOurs(keys.place);
    return addressOf(server.place, name, id, confirms);
  } finally {
    link.close();
  }
}

/** @param id - of the one that is meant; undefined for any. */
async function open(server: ServerPlace, name: string, id: string | undefined): Promise<BufferPort> {
  const link = new Link(server);
  try {
    const key = placeKey(name);
    const [kind, facts] = await Promise.all([link.commands<Buffer>(["TYPE", key]), factsOf(link)]);
    const missing = () =>
      fault("BUFFER_NOT_FOUND", `There is no such buffer ${JSON.stringify(name)} at ${server.where}`);
    if (String(kind[0]) === "none") throw missing();
    if (String(kind[0]) !== "hash") throw notOurs(key);
    const [fields] = await link.commands<readonly (Buffer | null)[]>(["HMGET", key, "id", "format", "spec"]);
    const [found, format, text] = (fields ?? []).map((field) => field?.toString());
    if (found === undefined || text === undefined) throw notOurs(key);
    if (format !== String(FORMAT)) {
      const versions = `has format ${format}, and this version reads ${FORMAT}`;
      throw fault("VERSION_UNSUPPORTED", `The buffer ${JSON.stringify(name)} ${versions}`);
    }
    if (id !== undefined && found !== id) throw missing();
    const { confirms, ...spec } = specIn(text);
    const blocking = new Link(server, BLOCK_MS + BLOCK_GRACE_MS);
    const handle = new Handle(link, blocking, keysOf(name, found), confirms ? 1 : 0);
    return new RedisPort(handle, found, {
      spec: Object.freeze(spec),
      capabilities: capabilitiesOf(confirms, facts),
      address: addressOf(server.place, name, found, confirms),
    });
  } catch (error) {
    link.close();
    throw error;
  }
}

function specIn(text: string): BufferSpec & { readonly confirms: boolean } {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fault("DATA_CORRUPT", "The settings of the buffer cannot be read", { cause });
  }
}

function notOurs(key: string): Error {
  return fault("NOT_A_BUFFER", `The key ${JSON.stringify(key)} holds something else`);
}

function checkName(name: unknown): void {
  const expected = `a string of 1 to ${NAME_CHARACTERS_MAX} characters`;
  if (typeof name !== "string") throw wrongType("`name`", expected, name);
  if (name === "" || name.length > NAME_CHARACTERS_MAX) throw outOfRange("`name`", expected, name);
}

interface AddressPlace {
  readonly server: PublicPlace;
  readonly name: string;
  readonly id: string;
  readonly confirms: boolean;
}

function addressOf(
  { urls, isCluster, master }: PublicPlace,
  name: string,
  id: string,
  confirms: boolean,
): BufferAddress {
  const place = { urls: [...urls], isCluster, name, id, confirms, ...(master !== undefined && { master }) };
  return Object.freeze({ module: MODULE, transport: NAME, place });
}

/** An address is data from outside: check its shape before use. */
function readAddress({ place }: BufferAddress): AddressPlace {
  const found = (typeof place === "object" && place !== null ? place : {}) as Record<string, unknown>;
  const { urls, isCluster, master, name, id, confirms } = found;
  const areUrls = Array.isArray(urls) && urls.length > 0 && urls.every((url) => typeof url === "string");
  const isRight =
    areUrls &&
    typeof name === "string" &&
    typeof id === "string" &&
    id !== "" &&
    typeof isCluster === "boolean" &&
    (master === undefined || typeof master === "string") &&
    typeof confirms === "boolean";
  if (!isRight)
    throw wrongType(
      "`address.place`",
      "the `{ urls, isCluster, name, id, confirms }` of a redis buffer",
      place,
    );
  const server = { urls: urls as string[], isCluster, ...(master !== undefined && { master }) };
  return { server, name, id, confirms };
}
