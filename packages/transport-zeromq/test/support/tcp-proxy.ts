/** Stands between clients and a broker: passes on, delays, cuts in the middle of a frame, resets, swallows, holds back. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.js";

/** What is to become of one connection. */
export interface Fate {
  /** Each read is passed on after up to so long. */
  readonly jitterMs?: number;
  /** It ends after so many bytes, both ways together; the last read is passed on in part. */
  readonly afterBytes?: number;
  /** How it ends: by a close, by a reset, or by silence for `silentMs` and then a reset. Default `close`. */
  readonly by?: "close" | "reset" | "silence";
  readonly silentMs?: number;
}

type Side = "client" | "broker";

export class TcpProxy implements AsyncDisposable {
  /** How many connections there were, and how many met their fate. */
  connections = 0;
  ended = 0;
  /** Bytes that are held back, by who sent them. */
  readonly held: Record<Side, number> = { client: 0, broker: 0 };
  readonly #server: Server;
  readonly #links: Set<Link> = new Set();
  readonly #isHeld: Record<Side, boolean> = { client: false, broker: false };
  #holdBehind: string | undefined;
  #holdFrom: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param fateOf - of each connection, which has a number from 0 up. */
  static async start(brokerPort: number, fateOf: (n: number) => Fate = () => ({}), random?: Random) {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => {
      const broker = connect(brokerPort, "127.0.0.1");
      const link: Link = new Link(proxy, client, broker, fateOf(proxy.connections++), random, () =>
        proxy.#links.delete(link),
      );
      proxy.#links.add(link);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get url(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** From now on what this side sends stays here. */
  hold(side: Side): void {
    this.#isHeld[side] = true;
  }

  /** What is sent from now on is passed on again; what was held back is lost. */
  release(side: Side): void {
    this.#isHeld[side] = false;
  }

  /** Of the broker: what comes with this text is passed on, and nothing behind it. */
  holdBehind(text: string): void {
    this.#holdBehind = text;
  }

  /** Of the broker: what comes with this text stays here, and all behind it. */
  holdFrom(text: string): void {
    this.#holdFrom = text;
  }

  /** @internal */
  isHolding(side: Side, bytes: Buffer): boolean {
    const isFrom = side === "broker" && this.#holdFrom !== undefined && bytes.includes(this.#holdFrom);
    if (isFrom) this.#isHeld.broker = true;
    const isHeld = this.#isHeld[side];
    if (isHeld) this.held[side] += bytes.byteLength;
    else if (side === "broker" && this.#holdBehind !== undefined && bytes.includes(this.#holdBehind))
      this.#isHeld.broker = true;
    return isHeld;
  }

  /** Cuts all connections there are. */
  cut(): void {
    for (const link of this.#links) link.end("reset");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }
}

class Link {
  readonly #proxy: TcpProxy;
  readonly #sockets: readonly Socket[];
  readonly #fate: Fate;
  readonly #random: Random | undefined;
  readonly #onEnd: () => void;
  #passed = 0;
  #isSilent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    proxy: TcpProxy,
    client: Socket,
    broker: Socket,
    fate: Fate,
    random: Random | undefined,
    onEnd: () => void,
  ) {
    this.#proxy = proxy;
    this.#sockets = [client, broker];
    this.#fate = fate;
    this.#random = random;
    this.#onEnd = onEnd;
    this.#pass("client", client, broker);
    this.#pass("broker", broker, client);
  }

  end(by: "close" | "reset"): void {
    clearTimeout(this.#timer);
    this.#onEnd();
    for (const socket of this.#sockets) {
      if (by === "reset" && !socket.destroyed) socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  #pass(side: Side, from: Socket, to: Socket): void {
    let before = Promise.resolve();
    const { jitterMs } = this.#fate;
    from.setNoDelay();
    from.on("data", (bytes) => {
      if (jitterMs === undefined) this.#write(side, to, bytes);
      else {
        before = before
          .then(() => sleep(this.#random?.below(jitterMs + 1)))
          .then(() => this.#write(side, to, bytes));
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      if (!this.#isSilent) this.end("close");
    });
  }

  #write(side: Side, to: Socket, bytes: Buffer): void {
    if (this.#isSilent || to.destroyed || this.#proxy.isHolding(side, bytes)) return;
    const left = (this.#fate.afterBytes ?? Number.POSITIVE_INFINITY) - this.#passed;
    this.#passed += bytes.byteLength;
    if (bytes.byteLength < left) to.write(bytes);
    else to.write(bytes.subarray(0, left), () => this.#meetFate());
  }

  #meetFate(): void {
    const { by = "close", silentMs = 0 } = this.#fate;
    this.#proxy.ended += 1;
    if (by !== "silence") {
      this.end(by);
      return;
    }
    this.#isSilent = true;
    this.#timer = setTimeout(() => this.end("reset"), silentMs);
  }
}
