/** Where a server is, and how a connection to it is made. No secret leaves this file: neither in messages nor in addresses. */

import { outOfRange, wrongType } from "@sluice/core";
import { Cluster, Redis, type RedisOptions } from "ioredis";

/** Of ioredis; a connection of the user's own may come from another copy of it. */
export type Client = Redis | Cluster;

/** Without any secret: may be printed, and handed to other processes. */
export interface PublicPlace {
  /** `redis://host:port/db`, `rediss://…` or `unix:///path`; of a cluster those of the nodes that were named, and of Sentinels theirs. */
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  /** What its Sentinels call it. */
  readonly master?: string;
}

export interface ServerPlace {
  /** For messages. */
  readonly where: string;
  readonly place: PublicPlace;
  /** A connection that is not made yet, and that does not come again by itself. */
  readonly client: () => Client;
}

/** Names the server, with its password, for whoever is not told otherwise. */
const URL_VARIABLE = "SLUICE_REDIS_URL";
/** Replies as they are on the older protocol. */
type LegacyOptions = RedisOptions & { readonly replyMapping?: "legacy" };

const SENTINEL_PORT = 26_379;
const FORMS = "`redis://host:port`, `rediss://host:port` or `unix:///path`";

/** What a connection of the user's may do its own way, and ours do not: every process finds the same keys, and reads the same answers. */
const HABITS = {
  keyPrefix: "",
  stringNumbers: false,
  enableAutoPipelining: false,
  // One that gives up would leave a blocking call behind, and that a token which nobody is waiting for.
  commandTimeout: undefined,
  blockingTimeout: undefined,
} as const satisfies RedisOptions;

// What is known of a connection is decided here: when it is tried again, and that nothing is queued or sent twice unseen.
const OURS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  connectTimeout: 3_000,
  disableClientInfo: true,
  protocol: 2,
  ...HABITS,
} as const satisfies RedisOptions;

/**
 * @param own - of ioredis, such as `tls`.
 * @throws TypeError, RangeError `INVALID_ARGUMENT`, without the secrets of the URL.
 */
export function serverAt(url: string | undefined, own: RedisOptions = {}): ServerPlace {
  const given = url ?? process.env[URL_VARIABLE];
  if (given === undefined) throw wrongType(`\`url\` (or ${URL_VARIABLE})`, FORMS, undefined);
  const parsed = parse(given);
  const shown = publicUrl(parsed);
  return {
    where: shown,
    place: { urls: [shown], isCluster: false },
    client: () => new Redis({ ...own, ...optionsOf(parsed, own), ...OURS } as LegacyOptions),
  };
}

/** Connections like one that the user has made: with its options, through its Sentinels, to its Cluster. */
export function serverOf(connection: Client): ServerPlace {
  if (isCluster(connection)) {
    const nodes = (connection as unknown as { startupNodes: readonly Node[] }).startupNodes;
    const urls = nodes.map((node) => publicNode(node));
    return {
      where: `the cluster of ${urls.join(", ")}`,
      place: { urls, isCluster: true },
      client: () => clusterOf(connection),
    };
  }
  const single = connection as Redis;
  const { host = "127.0.0.1", port = 6379, path, db = 0, tls, sentinels, name } = single.options;
  if (sentinels != null) {
    const urls = sentinels.map((one) => publicNode({ port: SENTINEL_PORT, ...one }, db));
    return {
      where: `the master ${name ?? ""} of the Sentinels ${urls.join(", ")}`,
      place: { urls, isCluster: false, master: name ?? "" },
      client: () => single.duplicate(OURS),
    };
  }
  const scheme = tls === undefined ? "redis" : "rediss";
  const shown = path === undefined ? `${scheme}://${host}:${port}/${db}` : `unix://${path}`;
  return {
    where: shown,
    place: { urls: [shown], isCluster: false },
    client: () => single.duplicate(OURS),
  };
}

/** As another process was told of it; the secrets are those of its own environment, if that names one of these. */
export function serverAgain({ urls, isCluster: ofCluster, master }: PublicPlace): ServerPlace {
  const known = process.env[URL_VARIABLE];
  const parsed = known === undefined ? undefined : parse(known);
  const isSame = (url: string) => parsed !== undefined && publicUrl(parsed) === url;
  const [first = ""] = urls;
  if (!ofCluster && master === undefined) return serverAt(isSame(first) ? known : first);
  const { username, password } = urls.some(isSame) && parsed !== undefined ? parsed : {};
  const secrets = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
  const nodes = urls.map((url) => ({ host: parse(url).host, port: parse(url).port }));
  if (master !== undefined) {
    const { db } = parse(first);
    return serverOf(new Redis({ sentinels: nodes, name: master, db, lazyConnect: true, ...secrets }));
  }
  return serverOf(new Cluster(nodes, { lazyConnect: true, redisOptions: secrets }));
}

/** @throws TypeError `INVALID_ARGUMENT`. */
export function checkConnection(connection: unknown): Client {
  const candidate = connection as Partial<Redis> | null | undefined;
  const isOne =
    typeof candidate === "object" &&
    candidate !== null &&
    ["duplicate", "callBuffer", "disconnect"].every(
      (name) => typeof candidate[name as keyof Redis] === "function",
    );
  if (!isOne) throw wrongType("`connection`", "a `Redis` or `Cluster` of ioredis", connection);
  return connection as Client;
}

export function isCluster(client: Client): client is Cluster {
  return client.isCluster;
}

interface Parsed {
  readonly scheme: "redis" | "rediss" | "unix";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

interface Node {
  readonly host?: string;
  readonly port?: number;
}

function publicNode(node: Node | string | number, db = 0): string {
  if (typeof node === "string") return publicUrl(parse(node.includes("://") ? node : `redis://${node}`));
  if (typeof node === "number") return `redis://127.0.0.1:${node}/0`;
  return `redis://${node.host ?? "127.0.0.1"}:${node.port ?? 6379}/${db}`;
}

function clusterOf(connection: Cluster): Cluster {
  return connection.duplicate([], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    // An idle one keeps no process: it is asked for anew when a node answers that it has moved.
    slotsRefreshInterval: 0,
    // A replica may not have heard of the buffer yet.
    scaleReads: "master",
    keyPrefix: HABITS.keyPrefix,
    enableAutoPipelining: HABITS.enableAutoPipelining,
    redisOptions: {
      autoResendUnfulfilledCommands: false,
      connectTimeout: 3_000,
      // A node that was not reached is waited for too, which keeps the process so long.
      disconnectTimeout: 100,
      disableClientInfo: true,
      protocol: 2,
      ...HABITS,
    },
  });
}

function parse(text: unknown): Parsed {
  if (typeof text !== "string") throw wrongType("`url`", FORMS, text);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Not shown: what cannot be taken apart may have a secret anywhere.
    throw outOfRange("`url`", FORMS, "something else");
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "redis" && scheme !== "rediss" && scheme !== "unix")
    throw outOfRange("the scheme of `url`", "redis, rediss or unix", scheme);
  const [username, password] = [url.username, url.password].map(secretOf);
  const dbText = scheme === "unix" ? (url.searchParams.get("db") ?? "0") : url.pathname.slice(1) || "0";
  if (!/^\d{1,9}$/.test(dbText)) throw outOfRange("the database in `url`", "a number", dbText);
  if (scheme === "unix" && url.pathname.length < 2)
    throw outOfRange("`url`", FORMS, "unix:// without a path");
  return {
    scheme,
    host: url.hostname === "" ? "127.0.0.1" : url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 6379 : Number(url.port),
    path: url.pathname,
    db: Number(dbText),
    username,
    password,
  };
}

function secretOf(part: string): string | undefined {
  try {
    return part === "" ? undefined : decodeURIComponent(part);
  } catch {
    throw outOfRange("the user and the password in `url`", "percent-encoded", "a % that is not");
  }
}

function publicUrl({ scheme, host, port, path, db }: Parsed): string {
  if (scheme === "unix") return db === 0 ? `unix://${path}` : `unix://${path}?db=${db}`;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}/${db}`;
}

function optionsOf(
  { scheme, host, port, path, db, username, password }: Parsed,
  own: RedisOptions,
): RedisOptions {
  const place = scheme === "unix" ? { path } : { host, port };
  return {
    ...place,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(scheme === "rediss" && { tls: { ...own.tls } }),
  };
}
