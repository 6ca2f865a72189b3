/** Another host, as far as the network is concerned: a namespace with a link to this one, which can be cut. */

import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";

/** Why there can be none here; undefined if there can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's own";
  if (process.getuid?.() !== 0) return "only root makes network namespaces";
  const probe = `sluice-nats-probe-${process.pid}`;
  try {
    ip("netns", "add", probe);
    ip("netns", "delete", probe);
    return undefined;
  } catch (error) {
    return `\`ip netns add\` fails: ${(error as Error).message}`;
  }
}

export class Network {
  readonly nearAddress = "10.99.98.1";
  readonly farAddress = "10.99.98.2";
  /** The command that starts another one there. */
  readonly far: readonly string[];
  readonly #link: string;

  /** Gone after the test. */
  constructor() {
    const name = `sln${process.pid % 100_000}`;
    const [near, far] = [`${name}n`, `${name}f`];
    onTestFinished(() => ip("netns", "delete", far));
    ip("netns", "add", far);
    // With the namespace goes its end, and with that the other.
    ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", far);
    ip("address", "add", `${this.nearAddress}/24`, "dev", near);
    ip("-n", far, "address", "add", `${this.farAddress}/24`, "dev", far);
    ip("link", "set", near, "up");
    ip("-n", far, "link", "set", "lo", "up");
    ip("-n", far, "link", "set", far, "up");
    this.far = ["ip", "netns", "exec", far];
    this.#link = near;
  }

  cut(): void {
    ip("link", "set", this.#link, "down");
  }

  heal(): void {
    ip("link", "set", this.#link, "up");
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
