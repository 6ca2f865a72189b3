/** Where servers are, and how a connection to one of them is made. No secret leaves this file: neither in messages nor in addresses. */

import { readFileSync } from "node:fs";
import {
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from "@nats-io/transport-node";
import { outOfRange, wrongType } from "@sluice/core";
import { dial } from "./dial.js";
import { ANSWER_MS, TIMER_MS_MAX } from "./timing.js";

export interface ServerPlace {
  /** For messages, and for other processes: `nats://host:port`, or `tls://…`. Without any secret. */
  readonly urls: readonly string[];
  /** As the client has it. */
  readonly inboxPrefix: string | undefined;
  /** A new connection, which does not come again by itself. Throws the client's errors. */
  readonly connect: () => Promise<NatsConnection>;
}

/** Names the servers, with user and password, for whoever is not told otherwise; and the file of credentials. */
const URL_VARIABLE = "SLUICE_NATS_URL";
const CREDENTIALS_VARIABLE = "SLUICE_NATS_CREDS";

const FORMS = "`nats://host:port` or `tls://host:port`, or several of them";
const PORT = 4222;

// What is known of a connection is decided here: when it is tried again, and that nothing is sent twice unseen.
const OURS = {
  reconnect: false,
  timeout: ANSWER_MS,
  // A server that does not answer is noticed by whoever has asked it something.
  pingInterval: TIMER_MS_MAX,
  noAsyncTraces: true,
} as const satisfies ConnectionOptions;

/**
 * @param client - of the NATS client: authenticator, tls, and others.
 * @throws TypeError, RangeError `INVALID_ARGUMENT`, without the secrets of the URLs.
 */
export function serversAt(
  url: string | readonly string[] | undefined,
  client: NodeConnectionOptions = {},
): ServerPlace {
  const given = url ?? process.env[URL_VARIABLE];
  if (given === undefined) throw wrongType(`\`url\` (or ${URL_VARIABLE})`, FORMS, undefined);
  const servers = urlsIn(given).map(parse);
  const [first] = servers as [Server];
  const secrets = first.user === undefined ? {} : { user: first.user, pass: first.password ?? "" };
  return {
    urls: servers.map(publicUrl),
    inboxPrefix: client.inboxPrefix,
    async connect() {
      const nc = await dial({
        ...secrets,
        ...credentials(),
        ...(servers.some(({ isTls }) => isTls) && { tls: {} }),
        ...client,
        ...OURS,
        servers: servers.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`),
      });
      keepNoProcess(nc);
      return nc;
    },
  };
}

/** As another process was told of them; the secrets are those of its own environment, if that names the same servers. */
export function serversAgain(urls: readonly string[]): ServerPlace {
  const known = process.env[URL_VARIABLE];
  const isSame = known !== undefined && urlsIn(known).map(parse).map(publicUrl).join() === urls.join();
  return serversAt(isSame ? known : urls);
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

function urlsIn(given: string | readonly string[]): readonly string[] {
  const urls = typeof given === "string" ? given.split(",").map((one) => one.trim()) : given;
  if (!Array.isArray(urls) || urls.length === 0) throw wrongType("`url`", FORMS, given);
  return urls;
}

function parse(text: unknown): Server {
  if (typeof text !== "string") throw wrongType("`url`", FORMS, text);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Not shown: what cannot be taken apart may have a secret anywhere.
    throw outOfRange("`url`", FORMS, "something else");
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "nats" && scheme !== "tls") throw outOfRange("the scheme of `url`", "nats or tls", scheme);
  const [user, password] = [url.username, url.password].map(secretOf);
  return {
    host: url.hostname === "" ? "127.0.0.1" : url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? PORT : Number(url.port),
    isTls: scheme === "tls",
    user,
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

function publicUrl({ host, port, isTls }: Server): string {
  return `${isTls ? "tls" : "nats"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function credentials(): ConnectionOptions {
  const file = process.env[CREDENTIALS_VARIABLE];
  return file === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(file)) };
}

/** What the client keeps to itself of a connection. */
interface Inner {
  readonly protocol?: {
    readonly transport?: { readonly socket?: { unref(): void } };
    readonly heartbeats?: { readonly timer?: { unref(): void } };
  };
}

// An idle connection keeps no process alive: a call that waits has timers of its own.
function keepNoProcess(nc: NatsConnection): void {
  const { protocol } = nc as unknown as Inner;
  protocol?.transport?.socket?.unref();
  protocol?.heartbeats?.timer?.unref();
}
