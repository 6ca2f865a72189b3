// A server of the tests' own: redis-server, or valkey-server.
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { freePort, programOf, ServerProcess } from "@sluice/test-support";

/** The program: another one where the environment names it; undefined with the reason printed. */
export const program = programOf(serverPrograms(), {
  required: "SLUICE_REQUIRE_REDIS",
  remedy: "apt-get install redis-server",
});

function serverPrograms() {
  const named = process.env["SLUICE_REDIS_SERVER"];
  return named === undefined ? ["redis-server", "valkey-server"] : [named];
}

export class RedisServer extends ServerProcess {
  /** @type {readonly string[]} */
  #args;

  /**
   * @param {readonly string[]} args
   * @param {import("@sluice/test-support").Place} place
   */
  constructor(args, place) {
    super("redis", place);
    this.#args = args;
  }

  /**
   * By default it keeps everything, synced.
   *
   * @param {readonly string[]} [args] - of redis-server, behind ours.
   * @param {Partial<import("@sluice/test-support").Place>} [place]
   */
  static async start(args = [], place = {}) {
    const server = new RedisServer(args, { ...place, port: place.port ?? (await freePort()) });
    await server.start();
    return server;
  }

  get url() {
    return `redis://${this.host}:${this.port}/0`;
  }

  /** Also once more, with what it had kept. */
  async start() {
    const place = ["--bind", this.host, "--port", String(this.port), "--dir", this.folder];
    const process = ["--daemonize", "no", "--logfile", "", "--protected-mode", "no"];
    const kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    await this.run(program, [...place, ...process, ...kept, ...this.#args], /ready to accept connections/i);
  }

  /**
   * Asks it something, and gives the answer as it came.
   *
   * @param {string[]} words - without blanks and quotes.
   * @returns {Promise<string>}
   */
  async command(...words) {
    const socket = connect(this.port, this.host);
    // Not ended from here: a command that waits for replicas would be dropped.
    socket.write(`${words.join(" ")}\r\nQUIT\r\n`);
    return text(socket);
  }
}
