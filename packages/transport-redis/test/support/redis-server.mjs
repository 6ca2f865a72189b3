// A server of the tests' own: redis-server, or valkey-server, on a free port of the loopback, with its files in a temporary folder.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/** In memory where that is to be had: a sync to it costs nothing, and no test cuts the power. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const PROGRAMS = ["redis-server", "valkey-server"];

/** The program, or undefined with the reason printed; where `SLUICE_REQUIRE_REDIS` is set that is an error. */
export const program = find();

function find() {
  const found = PROGRAMS.find((name) => {
    try {
      execFileSync(name, ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) {
    const why = `there is no ${PROGRAMS.join(" and no ")} (apt-get install redis-server)`;
    if (process.env["SLUICE_REQUIRE_REDIS"]) throw new Error(`Expected a server to test against: ${why}`);
    console.log(`Nothing is tested against a server here: ${why}`);
  }
  return found;
}

/** @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();
/** @type {Set<string>} */
const folders = new Set();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export class RedisServer {
  /** @type {number} */
  port;
  /** @type {string} */
  folder;
  /** @type {readonly string[]} */
  #args;
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  /** @type {readonly string[]} */
  #before;
  /** @type {string} */
  #bind;

  /**
   * @param {number} port
   * @param {string} folder
   * @param {readonly string[]} args
   * @param {readonly string[]} before
   * @param {string} bind
   */
  constructor(port, folder, args, before, bind) {
    this.port = port;
    this.folder = folder;
    this.#args = args;
    this.#before = before;
    this.#bind = bind;
  }

  /**
   * By default it keeps everything, synced.
   *
   * @param {readonly string[]} [args] - of redis-server, behind ours.
   * @param {{ bind?: string, before?: readonly string[], port?: number }} [where] - `before`: the command that starts it.
   */
  static async start(args = [], { bind = "127.0.0.1", before = [], port } = {}) {
    const folder = mkdtempSync(join(FOLDERS, "sluice-redis-"));
    folders.add(folder);
    const free = port ?? (await freePort());
    const all = [
      ...["--bind", bind, "--port", String(free), "--dir", folder, "--daemonize", "no", "--logfile", ""],
      ...["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--protected-mode", "no"],
      ...args,
    ];
    const server = new RedisServer(free, folder, all, before, bind);
    await server.start();
    return server;
  }

  get url() {
    return `redis://${this.#bind}:${this.port}/0`;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Once more, with what it had kept. */
  async start() {
    if (program === undefined) throw new Error("There is no server program");
    const [command = "", ...args] = [...this.#before, program, ...this.#args];
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    children.add(child);
    child.once("exit", () => children.delete(child));
    const lines = createInterface({ input: child.stdout });
    let last = "it cannot be started";
    const listens = new Promise((resolve) => {
      lines.on("line", (line) => {
        last = line;
        if (/ready to accept connections/i.test(line)) resolve(true);
      });
    });
    const ended = new Promise((resolve) => {
      child.once("close", resolve);
      child.once("error", resolve);
    });
    if ((await Promise.race([listens, ended])) !== true) throw new Error(`${program}: ${last}`);
    // It keeps nobody's process.
    child.unref();
    /** @type {import("node:net").Socket} */ (/** @type {unknown} */ (child.stdout)).unref();
  }

  /**
   * Asks it something, and gives the answer as it came.
   *
   * @param {string[]} words - without blanks and quotes.
   * @returns {Promise<string>}
   */
  async command(...words) {
    const socket = connect(this.port, this.#bind);
    socket.end(`${words.join(" ")}\r\nQUIT\r\n`);
    return text(socket);
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    this.#child?.kill(signal);
  }

  /** Without warning. */
  async kill() {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** For good. */
  async stop() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}

/**
 * Nobody else has it now; that it stays so is likely, for the system gives out others first.
 *
 * @returns {Promise<number>}
 */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
