// Servers of the tests' own: nats-server, with JetStream.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, programOf, ServerProcess } from "@sluice/test-support";

/** The program: what `SLUICE_NATS_SERVER` names, or `nats-server`; undefined with the reason printed. */
export const program = programOf([process.env["SLUICE_NATS_SERVER"] ?? "nats-server"], {
  required: "SLUICE_REQUIRE_NATS",
  remedy:
    "apt-get install nats-server, or .ci/get-newer-server.sh nats-server FOLDER sid and SLUICE_NATS_SERVER",
});

/** Of the system: the oldest that there is, and good for one replica. Undefined where there is none, or where it is the one above. */
export const systemsOwn =
  program === "nats-server"
    ? undefined
    : programOf(["nats-server"], {
        required: "SLUICE_REQUIRE_SYSTEM_NATS",
        remedy: "apt-get install nats-server",
      });

/** Three servers are tested from here on. */
const CURRENT = [2, 12];

/** @param {string} which */
function isCurrent(which) {
  const text = execFileSync(which, ["--version"], { encoding: "utf8" });
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(text)?.slice(1) ?? []).map(Number);
  return major === CURRENT[0] ? minor >= (CURRENT[1] ?? 0) : major > (CURRENT[0] ?? 0);
}

/** Why nothing is tested here on three servers; undefined where it is. Printed by whoever skips a test for it. */
export const whyNotThree = (() => {
  if (program !== undefined && isCurrent(program)) return undefined;
  const why = `${program ?? "nats-server"} is not of version ${CURRENT.join(".")} or newer (SLUICE_NATS_SERVER names another)`;
  if (process.env["SLUICE_REQUIRE_CURRENT_NATS"]) throw new Error(`Expected a current server: ${why}`);
  return why;
})();

export class NatsServer extends ServerProcess {
  /** @type {string} */
  #file;
  /** @type {string | undefined} */
  #program;

  /**
   * @param {string} config - lines of the server's configuration, behind ours.
   * @param {import("@sluice/test-support").Place} place
   * @param {string | undefined} [which] - another program than the usual.
   */
  constructor(config, place, which = program) {
    super("nats", place);
    this.#program = which;
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
   * @param {string | undefined} [which]
   */
  static async start(config = "", place = {}, which = program) {
    const server = new NatsServer(config, { ...place, port: place.port ?? (await freePort()) }, which);
    await server.start();
    return server;
  }

  get url() {
    return `nats://${this.host}:${this.port}`;
  }

  /** Also once more, with what it had kept. */
  async start() {
    await this.run(this.#program, ["-c", this.#file], /Server is ready/);
  }
}
