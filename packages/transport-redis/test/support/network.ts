/** Two hosts, as far as the network is concerned: namespaces with a link between them, which can be cut. */

import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";

/** Why there can be none here; undefined if there can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's own";
  if (process.getuid?.() !== 0) return "only root makes network namespaces";
  const probe = `sluice-redis-probe-${process.pid}`;
  try {
    ip("netns", "add", probe);
    ip("netns", "delete", probe);
    return undefined;
  } catch (error) {
    return `\`ip netns add\` fails: ${(error as Error).message}`;
  }
}

export class Network {
  /** Commands that start another one at either end. */
  readonly near: readonly string[];
  readonly far: readonly string[];
  readonly farAddress = "10.99.99.2";
  readonly #link: string;
  readonly #nearName: string;

  /** Gone after the test. */
  constructor() {
    const name = `slr${process.pid % 100_000}`;
    const [near, far] = [`${name}n`, `${name}f`];
    onTestFinished(() => {
      for (const end of [near, far]) ip("netns", "delete", end);
    });
    for (const end of [near, far]) ip("netns", "add", end);
    ip("link", "add", near, "type", "veth", "peer", "name", far);
    ip("link", "set", near, "netns", near);
    ip("link", "set", far, "netns", far);
    ip("-n", near, "address", "add", "10.99.99.1/24", "dev", near);
    ip("-n", far, "address", "add", `${this.farAddress}/24`, "dev", far);
    for (const end of [near, far]) {
      ip("-n", end, "link", "set", "lo", "up");
      ip("-n", end, "link", "set", end, "up");
    }
    this.near = ["ip", "netns", "exec", near];
    this.far = ["ip", "netns", "exec", far];
    this.#link = near;
    this.#nearName = near;
  }

  cut(): void {
    ip("-n", this.#nearName, "link", "set", this.#link, "down");
  }

  heal(): void {
    ip("-n", this.#nearName, "link", "set", this.#link, "up");
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
