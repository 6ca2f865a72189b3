/** Two hosts, as far as the network is concerned: namespaces, or one beside this host, with a link between them, which can be cut. */

import { execFileSync } from "node:child_process";

/** Why there can be none here; undefined if there can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's own";
  if (process.getuid?.() !== 0) return "only root makes network namespaces";
  const probe = `sluice-probe-${process.pid}`;
  try {
    ip("netns", "add", probe);
    ip("netns", "delete", probe);
    return undefined;
  } catch (error) {
    return `\`ip netns add\` fails: ${(error as Error).message}`;
  }
}

/** From the near end to the far one, the other way, or both. */
export type Way = "there" | "back" | "both ways";

/** Of its own in each process, for a while. */
const NAME = `slu${process.pid % 100_000}`;
/** Where the near end is this host, two of them at a time must not be one network: nor one that was left over. */
const SUBNET = `10.99.${process.pid % 256}`;

export interface NetworkOptions {
  /** The near end is this host, so that this process has a way to both. Default: it is a namespace too. */
  readonly isNearHere?: boolean;
}

/** One at a time. */
export class Network {
  readonly nearAddress: string = `${SUBNET}.1`;
  readonly farAddress: string = `${SUBNET}.2`;
  /** Commands that start another one at either end. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  readonly #near: End;
  readonly #far: End;

  /** @param onEnd - told what to do when nobody needs it any more: a test's `onTestFinished`. */
  constructor(onEnd: (remove: () => void) => void, { isNearHere = false }: NetworkOptions = {}) {
    this.#near = { link: `${NAME}n`, host: isNearHere ? undefined : `${NAME}n` };
    this.#far = { link: `${NAME}f`, host: `${NAME}f` };
    const hosts = [this.#near, this.#far].flatMap(({ host }) => host ?? []);
    // With a namespace goes its end of the link, and with that the other; but not at once, and this host's end has the next one's name.
    onEnd(() => {
      if (isNearHere) ip("link", "delete", this.#near.link);
      for (const host of hosts) ip("netns", "delete", host);
    });
    for (const host of hosts) ip("netns", "add", host);
    ip("link", "add", this.#near.link, "type", "veth", "peer", "name", this.#far.link);
    for (const host of hosts) ip("link", "set", host, "netns", host);
    at(this.#near, "address", "add", `${this.nearAddress}/24`, "dev", this.#near.link);
    at(this.#far, "address", "add", `${this.farAddress}/24`, "dev", this.#far.link);
    for (const end of [this.#near, this.#far]) {
      if (end.host !== undefined) at(end, "link", "set", "lo", "up");
      at(end, "link", "set", end.link, "up");
    }
    [this.near, this.far] = [inside(this.#near), inside(this.#far)];
  }

  /** @param way - in which nothing arrives any more. */
  cut(way: Way = "both ways"): void {
    if (way === "both ways") at(this.#near, "link", "set", this.#near.link, "down");
    else this.#lose(way);
  }

  heal(): void {
    at(this.#near, "link", "set", this.#near.link, "up");
    for (const end of [this.#near, this.#far])
      at(end, "neighbour", "flush", "nud", "permanent", "dev", end.link);
  }

  /** Packets go to an interface that nobody has. */
  #lose(way: "there" | "back"): void {
    const [from, to] = way === "there" ? [this.#near, this.farAddress] : [this.#far, this.nearAddress];
    const nobody = ["lladdr", "02:00:00:00:00:99", "nud", "permanent"];
    at(from, "neighbour", "replace", to, ...nobody, "dev", from.link);
  }
}

interface End {
  readonly link: string;
  /** Its namespace; undefined where it is this host's. */
  readonly host: string | undefined;
}

function inside({ host }: End): readonly string[] {
  return host === undefined ? [] : ["ip", "netns", "exec", host];
}

function at({ host }: End, ...args: string[]): void {
  ip(...(host === undefined ? [] : ["-n", host]), ...args);
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
