// Servers of the tests' own: nats-server, with JetStream.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, programOf, ServerProcess } from "@sluice/test-support";

/** The program: what `SLUICE_NATS_SERVER` names, or `nats-server`; undefined with the reason printed. */
export const program = programOf([process.env["SLUICE_NATS_SERVER"] ?? "nats-server"], {
  required: "SLUICE_REQUIRE_NATS",
  remedy: "apt-get install nats-server, or .ci/get-nats-server.sh FOLDER and SLUICE_NATS_SERVER",
});

/** Of the program, as numbers. */
export function programVersion() {
  const text = execFileSync(program ?? "", ["--version"], { encoding: "utf8" });
  return /v(?<version>\d+\.\d+\.\d+)/.exec(text)?.groups?.["version"] ?? "0.0.0";
}

export class NatsServer extends ServerProcess {
  /** @type {string} */
  #file;

  /**
   * @param {string} config - lines of the server's configuration, behind ours.
   * @param {import("@sluice/test-support").Place} place
   */
  constructor(config, place) {
    super("nats", place);
    const lines = [
      `listen: "${this.host}:${this.port}"`,
      `jetstream { store_dir: "${this.folder}" }`,
      config,
    ];
    this.#file = join(this.folder, "server.conf");
    writeFileSync(this.#file, lines.join("\n"));
  }

  /**
   * @param {string} [config]
   * @param {Partial<import("@sluice/test-support").Place>} [place]
   */
  static async start(config = "", place = {}) {
    const server = new NatsServer(config, { ...place, port: place.port ?? (await freePort()) });
    await server.start();
    return server;
  }

  get url() {
    return `nats://${this.host}:${this.port}`;
  }

  /** Also once more, with what it had kept. */
  async start() {
    await this.run(program, ["-c", this.#file], /Server is ready/);
  }
}
