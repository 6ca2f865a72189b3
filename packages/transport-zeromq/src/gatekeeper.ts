/**
 * Says who may connect to a broker that asks for keys: the handler that ZeroMQ asks at each handshake (ZAP, rfc.zeromq.org, 27),
 * once the client has proved that it has the secret key to the public one that it names.
 */

import { statSync } from "node:fs";
import { Context, Reply } from "zeromq";
import { type BrokerKeys, readBrokerKeys } from "./keys.js";
import { LogTogether } from "./log-together.js";
import { encodeZ85 } from "./z85.js";

/** Names our brokers to the handler. */
export const ZAP_DOMAIN = "sluice";

// Where ZeroMQ looks for the handler, in the context of the socket that is connected to.
const ZAP_URL = "inproc://zeromq.zap.01";
const VERSION = "1.0";
const KEY_BYTES = 32;

export class Gatekeeper {
  readonly keys: BrokerKeys;
  /** Of this broker alone, for all its sockets: ZeroMQ has one handler in each. */
  readonly context: Context = new Context();
  readonly #path: string;
  readonly #log: (line: string) => void;
  readonly #socket: Reply;
  #known: ReadonlySet<string>;
  #readAt: string;
  /** A client that is refused tries again and again. */
  readonly #refused: LogTogether;

  /**
   * @param path - of the broker's key file.
   * @throws as `readBrokerKeys`.
   */
  constructor(path: string, log: (line: string) => void) {
    this.#path = path;
    this.#log = log;
    this.#refused = new LogTogether(log, (count) => {
      const handshakes = count === 1 ? "1 handshake" : `${count} handshakes`;
      return `refused ${handshakes} with keys that it does not know`;
    });
    this.#readAt = stampOf(path);
    this.keys = readBrokerKeys(path);
    this.#known = knownBy(this.keys);
    this.#socket = new Reply({ context: this.context, linger: 0 });
  }

  /** Handshakes so far of clients whose key is not known. */
  get refused(): number {
    return this.#refused.count;
  }

  /** Before the broker listens. */
  async open(): Promise<void> {
    await this.#socket.bind(ZAP_URL);
    void this.#answer();
  }

  close(): void {
    this.#refused.end();
    this.#socket.close();
  }

  async #answer(): Promise<void> {
    const socket = this.#socket;
    try {
      for (;;) {
        const request = await socket.receive();
        const isAdmitted = this.#admits(request);
        if (!isAdmitted) this.#refused.add();
        const [code, text] = isAdmitted ? ["200", "OK"] : ["400", "The key is not known here"];
        await socket.send([VERSION, request[1] ?? "", code, text, "", ""]);
      }
    } catch (error) {
      if (!socket.closed) throw error;
    }
  }

  /** `version, request id, domain, address, identity, mechanism, the client's public key` */
  #admits(request: readonly Buffer[]): boolean {
    const [version, , domain, , , mechanism, key] = request;
    if (request.length !== 7 || key?.byteLength !== KEY_BYTES) return false;
    if (String(version) !== VERSION || String(domain) !== ZAP_DOMAIN || String(mechanism) !== "CURVE")
      return false;
    this.#lookAgain();
    return this.#known.has(encodeZ85(key));
  }

  /** Who was added or removed meanwhile. Those who are connected stay. */
  #lookAgain(): void {
    const stamp = stampOf(this.#path);
    if (stamp === this.#readAt) return;
    this.#readAt = stamp;
    try {
      this.#known = knownBy(readBrokerKeys(this.#path));
    } catch (error) {
      // Somebody is writing it, or has made a mistake, which is not to lock out everybody else.
      this.#log(`goes on with the keys that it has: ${(error as Error).message}`);
    }
  }
}

function knownBy({ publicKey, clients }: BrokerKeys): ReadonlySet<string> {
  return new Set([publicKey, ...clients]);
}

/** Changes with the file. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
}
