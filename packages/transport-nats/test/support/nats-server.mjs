// Servers of the tests' own: nats-server on free ports of the loopback, with their files in temporary folders.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In memory where that is to be had: no test cuts the power. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** The program: what `SLUICE_NATS_SERVER` names, or `nats-server`; undefined with the reason printed. Where `SLUICE_REQUIRE_NATS` is set that is an error. */
export const program = find();

function find() {
  const named = process.env["SLUICE_NATS_SERVER"] ?? "nats-server";
  try {
    execFileSync(named, ["--version"], { stdio: "ignore" });
    return named;
  } catch {
    const why = `there is no ${named} (apt-get install nats-server, or .ci/get-nats-server.sh FOLDER and SLUICE_NATS_SERVER)`;
    if (process.env["SLUICE_REQUIRE_NATS"]) throw new Error(`Expected a server to test against: ${why}`);
    console.log(`Nothing is tested against a server here: ${why}`);
    return undefined;
  }
}

/** Of the program, as numbers. */
export function programVersion() {
  const text = execFileSync(program ?? "", ["--version"], { encoding: "utf8" });
  return /v(?<version>\d+\.\d+\.\d+)/.exec(text)?.groups?.["version"] ?? "0.0.0";
}

export class NatsServer {
  /** @type {string} */
  host;
  /** @type {number} */
  port;
  /** @type {string} */
  folder;
  /** @type {readonly string[]} */
  #before;
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  #said = "";

  /**
   * @param {string} host
   * @param {number} port
   * @param {string} folder
   * @param {readonly string[]} before
   */
  constructor(host, port, folder, before) {
    this.host = host;
    this.port = port;
    this.folder = folder;
    this.#before = before;
  }

  /**
   * @param {string} [config] - lines of the server's configuration, behind ours.
   * @param {{ bind?: string, before?: readonly string[], port?: number }} [where] - `before`: the command that starts it.
   */
  static async start(config = "", { bind = "127.0.0.1", before = [], port } = {}) {
    const server = await NatsServer.prepare(config, { bind, before, port: port ?? (await freePort()) });
    await server.start();
    return server;
  }

  /**
   * @param {string} config
   * @param {{ bind: string, before: readonly string[], port: number }} where
   */
  static async prepare(config, { bind, before, port }) {
    const folder = mkdtempSync(join(FOLDERS, "sluice-nats-"));
    const lines = [`listen: "${bind}:${port}"`, `jetstream { store_dir: "${folder}" }`, config];
    writeFileSync(join(folder, "server.conf"), lines.join("\n"));
    return new NatsServer(bind, port, folder, before);
  }

  get url() {
    return `nats://${this.host}:${this.port}`;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Once more, with what it had kept. */
  async start() {
    if (program === undefined) throw new Error("There is no server program");
    const [command = "", ...args] = [...this.#before, program, "-c", join(this.folder, "server.conf")];
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    process.once("exit", () => child.kill("SIGKILL"));
    const said = /** @type {import("node:stream").Readable} */ (child.stderr);
    const listens = new Promise((resolve) => {
      said.on("data", (text) => {
        this.#said = (this.#said + text).slice(-4_000);
        if (/Server is ready/.test(this.#said)) resolve(true);
      });
    });
    const ended = new Promise((resolve) => {
      child.once("close", resolve);
      child.once("error", resolve);
    });
    if ((await Promise.race([listens, ended])) !== true) throw new Error(`${program}: ${this.#said}`);
    this.#said = "";
    // It keeps nobody's process.
    child.unref();
    /** @type {import("node:net").Socket} */ (/** @type {unknown} */ (said)).unref();
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
