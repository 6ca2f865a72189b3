/** Two hosts, as far as the network is concerned: namespaces with a link between them, which can be cut. */

import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";

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

const NEAR_ADDRESS = "10.99.99.1";

export class Network {
  /** Commands that start another one at either end. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  readonly farAddress = "10.99.99.2";
  readonly #nearName: string;
  readonly #farName: string;

  /** Gone after the test. */
  constructor() {
    const name = `slz${process.pid % 100_000}`;
    const [near, far] = [`${name}n`, `${name}f`];
    onTestFinished(() => {
      for (const end of [near, far]) ip("netns", "delete", end);
    });
    for (const end of [near, far]) ip("netns", "add", end);
    ip("link", "add", near, "type", "veth", "peer", "name", far);
    ip("link", "set", near, "netns", near);
    ip("link", "set", far, "netns", far);
    ip("-n", near, "address", "add", `${NEAR_ADDRESS}/24`, "dev", near);
    ip("-n", far, "address", "add", `${this.farAddress}/24`, "dev", far);
    for (const end of [near, far]) {
      ip("-n", end, "link", "set", "lo", "up");
      ip("-n", end, "link", "set", end, "up");
    }
    this.near = ["ip", "netns", "exec", near];
    this.far = ["ip", "netns", "exec", far];
    this.#nearName = near;
    this.#farName = far;
  }

  /** @param way - in which nothing arrives any more. */
  cut(way: Way = "both ways"): void {
    if (way === "both ways") this.#end(this.#nearName, "link", "set", this.#nearName, "down");
    else this.#lose(way);
  }

  heal(): void {
    this.#end(this.#nearName, "link", "set", this.#nearName, "up");
    for (const end of [this.#nearName, this.#farName])
      this.#end(end, "neighbour", "flush", "nud", "permanent", "dev", end);
  }

  /** Packets go to an interface that nobody has. */
  #lose(way: "there" | "back"): void {
    const [from, to] = way === "there" ? [this.#nearName, this.farAddress] : [this.#farName, NEAR_ADDRESS];
    this.#end(
      from,
      "neighbour",
      "replace",
      to,
      "lladdr",
      "02:00:00:00:00:99",
      "nud",
      "permanent",
      "dev",
      from,
    );
  }

  #end(end: string, ...args: string[]): void {
    ip("-n", end, ...args);
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
