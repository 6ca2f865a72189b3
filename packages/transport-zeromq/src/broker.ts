/** The broker: a ROUTER, the sessions of its clients, and the one buffer that they share. */

import { randomBytes } from "node:crypto";
import { Authority } from "./authority.js";
import type { BrokerFigures, BrokerLimits, BrokerOptions } from "./broker-options.js";
import { BrokerOutput } from "./broker-output.js";
import { Malformed } from "./bytes.js";
import { carryOut } from "./carry-out.js";
import { Farewell, HANG_UP_MS } from "./farewell.js";
import { Gatekeeper } from "./gatekeeper.js";
import { letGo } from "./let-go.js";
import { LogTogether } from "./log-together.js";
import * as wire from "./protocol.js";
import { Kind, type Part, PROTOCOL_VERSION, Status } from "./protocol.js";
import { beyondLimits, OTHER_BUFFER, tooMany } from "./refusals.js";
import { BrokerRouter, DISCONNECTED } from "./router.js";
import { Session } from "./session.js";
import { DEAD_MS, HEARTBEAT_MS, REMEMBER_MS, RETURN_MS } from "./timing.js";

const CLIENTS_MAX = 1_024;
const REQUESTS_MAX = 65_536;
/** Packets that wait in a connection, either way: clients that keep to the protocol never have so many. */
const PACKETS_MAX = 10_000;
/** Of answers that one client has not read; of large items it may leave a few. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024;
const UNREAD_ITEMS = 4;
/** Of a request that waits, beside its own bytes: about. */
const REQUEST_BYTES = 1_024;
// What is read in one turn before those who asked are answered.
const PACKETS_A_TURN = 64;

/** To everybody, whatever they asked. */
const DESTROYED = wire.encodeStatus(Status.Destroyed, 1);

export class Broker {
  /** With the port that was chosen, where the url left it open. */
  readonly url: string;
  readonly #router: BrokerRouter;
  readonly #gatekeeper: Gatekeeper | undefined;
  readonly #output: BrokerOutput;
  readonly #options: BrokerOptions;
  readonly #limits: Required<BrokerLimits> & { readonly replyBytes: number };
  readonly #authority: Authority;
  readonly #returnMs: number;
  readonly #sessions: Map<string, Session> = new Map();
  /** By routing id, as text of one byte a character. */
  readonly #connections: Map<string, Session> = new Map();
  #ended: Promise<void> | undefined;
  #packetsIn = 0;
  readonly #malformed: LogTogether<Error>;
  /** Once the buffer is destroyed. */
  #farewell: Farewell | undefined;

  private constructor(
    router: BrokerRouter,
    gatekeeper: Gatekeeper | undefined,
    id: Buffer,
    options: BrokerOptions,
    authority: (broker: Broker) => Authority,
  ) {
    this.#router = router;
    this.#gatekeeper = gatekeeper;
    this.#output = new BrokerOutput(router, id);
    this.#options = options;
    this.#malformed = new LogTogether(
      options.log ?? (() => {}),
      (count, { message }) => `dropped ${count} malformed packets, the first of them: ${message}`,
    );
    this.#limits = {
      clients: options.limits?.clients ?? CLIENTS_MAX,
      requests: options.limits?.requests ?? REQUESTS_MAX,
      replyBytes: Math.max(UNREAD_BYTES_MAX, UNREAD_ITEMS * options.opened.spec.itemBytesMax),
    };
    this.url = router.lastEndpoint ?? options.url;
    this.#returnMs = this.url.startsWith("ipc:") ? RETURN_MS.ipc : RETURN_MS.tcp;
    this.#authority = authority(this);
  }

  /** Binds and serves. Rejects with the system's error, such as `EADDRINUSE`, and for what is wrong with its key file. */
  static async start(options: BrokerOptions): Promise<Broker> {
    const id = randomBytes(wire.BROKER_ID_BYTES);
    const { keys, log = () => {} } = options;
    const gatekeeper = keys === undefined ? undefined : new Gatekeeper(keys, log);
    const socketOptions = {
      ...(gatekeeper && { context: gatekeeper.context }),
      linger: 0,
      mandatory: true,
      sendTimeout: 0,
      sendHighWaterMark: PACKETS_MAX,
      receiveHighWaterMark: PACKETS_MAX,
      maxMessageSize: wire.packetBytesMax(options.opened.spec.itemBytesMax),
      heartbeatInterval: HEARTBEAT_MS,
      heartbeatTimeout: DEAD_MS,
      heartbeatTimeToLive: DEAD_MS,
      handshakeInterval: 5_000,
      ipv6: options.url.includes("["),
    };
    const router = new BrokerRouter(socketOptions, wire.brokerPacket(id, []), gatekeeper);
    try {
      await gatekeeper?.open();
      const consumer = await options.store.consumer(wire.HAND_OUT_BYTES);
      await router.bind(options.url);
      const broker = new Broker(
        router,
        gatekeeper,
        id,
        options,
        (self) =>
          new Authority(
            options.store,
            consumer,
            () => self.#sessions.values(),
            (by) => self.#leavePlace(by),
          ),
      );
      await broker.#authority.takeOver();
      void broker.#receive();
      return broker;
    } catch (error) {
      router.close();
      gatekeeper?.close();
      throw error;
    }
  }

  /** Tells the buffer from a later one at the same place. */
  get bufferId(): string {
    return this.#options.opened.bufferId;
  }

  get figures(): BrokerFigures {
    const { user, system } = process.cpuUsage();
    return {
      clients: this.#connections.size,
      packetsIn: this.#packetsIn,
      packetsOut: this.#output.packets,
      malformed: this.#malformed.count,
      refused: this.#gatekeeper?.refused ?? 0,
      cpuMs: (user + system) / 1_000,
    };
  }

  /** Destroys its buffer, tells its clients, and ends. Resolves to how many items were in it. */
  async discard(): Promise<number> {
    const lost = await this.#authority.discard();
    await this.#farewell?.over;
    await this.end();
    return lost;
  }

  /** Ends it. Its clients find it gone at once; resolves when its last commit is done, and its place was given up after that. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#malformed.end();
    for (const { timer } of this.#sessions.values()) clearTimeout(timer);
    const idle = this.#authority.end();
    const gone = letGo(this.#router);
    this.#gatekeeper?.close();
    await Promise.all([idle, gone]);
    this.#options.onEnded?.();
  }

  async #receive(): Promise<void> {
    const router = this.#router;
    let inTurn = 0;
    try {
      for (;;) {
        const [routingId, packet] = (await router.receive()) as [Buffer, Buffer | undefined];
        this.#packetsIn += 1;
        this.#take(routingId, packet);
        inTurn += 1;
        if (inTurn >= PACKETS_A_TURN) {
          inTurn = 0;
          await this.#output.flush();
        }
      }
    } catch (error) {
      // Closed under it, which is how it ends.
      if (this.#ended !== undefined) return;
      this.#options.log?.(`ends, because of ${String(error)}`);
      void this.end();
    }
  }

  #take(routingId: Buffer, packet: Buffer | undefined): void {
    const connection = routingId.toString("latin1");
    try {
      if (packet === undefined) throw new Malformed("nothing");
      if (packet.byteLength === 1 && packet[0] === DISCONNECTED[0]) this.#disconnected(connection);
      else this.#takePacket(routingId, connection, packet);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#drop(routingId, error);
    }
  }

  #takePacket(routingId: Buffer, connection: string, packet: Buffer): void {
    const { clientId, seen, parts } = wire.readClientPacket(packet);
    let session = this.#connections.get(connection);
    const isNew = session === undefined;
    const key = clientId?.toString("latin1");
    // Only the last one's end would be noticed.
    if (session !== undefined && key !== undefined && session.key !== key)
      throw new Malformed("another client on one connection");
    if (session === undefined && key !== undefined) {
      session = this.#sessions.get(key);
      if (session !== undefined) this.#connect(session, routingId, connection);
    }
    session?.sawUpTo(seen);
    if (isNew && this.#farewell !== undefined) {
      // Told of the end like those who were here, and before it what it was answered.
      if (session === undefined) {
        this.#output.sendTo(routingId, DESTROYED);
        return;
      }
      session.answerAgain();
      session.send(DESTROYED);
    }
    for (let part = wire.nextPart(parts); part !== undefined; part = wire.nextPart(parts)) {
      if (session === undefined) session = this.#greet(key, routingId, connection, part);
      else this.#carryOut(session, part);
    }
  }

  #carryOut(session: Session, part: Part): void {
    const { type, id, body } = part;
    const authority = this.#authority;
    if (type === Kind.Cancel) {
      authority.cancel(session, id);
      return;
    }
    if (type === Kind.Heard) {
      session.heard(id, body.integer());
      return;
    }
    if (!session.isNew(id)) return;
    const refused = beyondLimits(type, session, this.#authority.waitingBytes, this.#limits);
    if (refused !== undefined) {
      session.send(wire.encodeFailure(id, refused));
      return;
    }
    session.pending.set(id, REQUEST_BYTES + body.left);
    try {
      carryOut(this.#authority, session, part, this);
    } catch (error) {
      session.pending.delete(id);
      throw error;
    }
  }

  // ---- who is there

  /** Of one who is not known: nothing is carried out but `Open`, of this buffer. */
  #greet(
    key: string | undefined,
    routingId: Buffer,
    connection: string,
    { type, id, body }: Part,
  ): Session | undefined {
    if (type !== Kind.Open || key === undefined) {
      if (type !== Kind.Cancel && type !== Kind.Heard)
        this.#output.sendTo(routingId, wire.encodeStatus(Status.Unknown, id));
      return undefined;
    }
    const wanted = body.text();
    const refused =
      wanted !== "" && wanted !== this.#options.opened.bufferId
        ? OTHER_BUFFER
        : this.#sessions.size >= this.#limits.clients && !this.#forgetOneThatIsGone()
          ? tooMany("clients (`limits.clients`)", this.#limits.clients)
          : undefined;
    if (refused !== undefined) {
      this.#output.sendTo(routingId, wire.encodeFailure(id, refused));
      return undefined;
    }
    const session = new Session(key, id, (one) => this.#output.add(one));
    this.#sessions.set(key, session);
    this.#connect(session, routingId, connection);
    session.pending.set(id, 0);
    session.answer(id, this.opened(id));
    return session;
  }

  /** @internal */
  opened(id: number): Buffer {
    return wire.encodeJson(id, this.#options.opened);
  }

  #connect(session: Session, routingId: Buffer, connection: string): void {
    clearTimeout(session.timer);
    session.timer = undefined;
    session.isGone = false;
    if (session.routingId !== undefined) this.#connections.delete(session.routingId.toString("latin1"));
    // A view of what came, which may lie in memory that is used again.
    session.routingId = Buffer.from(routingId);
    this.#connections.set(connection, session);
  }

  #disconnected(connection: string): void {
    const session = this.#connections.get(connection);
    if (session === undefined) return;
    this.#connections.delete(connection);
    session.routingId = undefined;
    session.takeOutput();
    this.#farewell?.hungUp(session);
    this.#authority.suspend(session);
    clearTimeout(session.timer);
    session.timer = setTimeout(() => {
      session.isGone = true;
      this.#authority.lose(session);
      this.#remember(session, REMEMBER_MS);
    }, this.#returnMs);
  }

  /** It holds nothing any more, and its place is anybody's. @internal */
  leaves(session: Session): void {
    session.isGone = true;
    this.#remember(session, DEAD_MS);
  }

  /** For so long, should it come back. */
  #remember(session: Session, ms: number): void {
    clearTimeout(session.timer);
    session.timer = setTimeout(() => this.#forget(session), ms);
    session.timer.unref();
  }

  #forget(session: Session): void {
    clearTimeout(session.timer);
    this.#authority.dismiss(session, () => {});
    this.#sessions.delete(session.key);
    if (session.routingId !== undefined) this.#connections.delete(session.routingId.toString("latin1"));
  }

  #forgetOneThatIsGone(): boolean {
    for (const session of this.#sessions.values()) {
      if (!session.isGone) continue;
      this.#forget(session);
      return true;
    }
    return false;
  }

  #drop(routingId: Buffer, error: Malformed): void {
    this.#malformed.add(error);
    if (error instanceof wire.OtherVersion) {
      const message = `This broker speaks protocol ${PROTOCOL_VERSION}, the client ${error.version}`;
      this.#output.sendTo(
        routingId,
        wire.encodeFailure(1, { code: "VERSION_UNSUPPORTED", effect: "none", message }),
      );
    }
  }

  // ---- the end

  /** Everybody is told, also who asks nothing now, for nobody can be told later, because ZeroMQ ends all connections with the listening. */
  #leavePlace(by?: Session): void {
    // Ended meanwhile: nobody is here any more.
    if (this.#ended !== undefined) return;
    const here = [...this.#connections.values()];
    for (const session of here) if (session !== by) session.send(DESTROYED);
    // It leaves also where ZeroMQ's own thread comes to it late.
    this.#router.linger = HANG_UP_MS;
    this.#farewell = new Farewell(here.filter(({ pending }) => pending.size > 0));
    void this.#farewell.over.then(() => this.end());
  }
}
