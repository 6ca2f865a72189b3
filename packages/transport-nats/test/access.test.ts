// Who may do what at a server, TLS, and that secrets stay where they are.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { connect, nkeyAuthenticator, nkeys } from "@nats-io/transport-node";
import { createBuffer, openAddress } from "@sluice/core";
import { until, useOfEverything } from "@sluice/test-support";
import { afterEach, describe, expect, test, vi } from "vitest";
import { natsTransport } from "../dist/index.js";
import { newOperator } from "./support/operator.js";
import { noServer, server } from "./support/servers.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** As the README has it. */
function permissions(): { readonly publish: readonly string[]; readonly subscribe: readonly string[] } {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, publish = "", subscribe = ""] =
    /\*\*Permissions\*\* .*: publish (.*), subscribe (.*)\.$/m.exec(readme) ?? [];
  const subjectsIn = (text: string) => [...text.matchAll(/`(.+?)`/g)].map(([, subject = ""]) => subject);
  return { publish: subjectsIn(publish), subscribe: subjectsIn(subscribe) };
}

const listed = (subjects: readonly string[]) => `[${subjects.map((one) => `"${one}"`).join(", ")}]`;

/** @param without - of them all. */
function authorization(user: string, without?: { publish?: string; subscribe?: string }): string {
  const { publish, subscribe } = permissions();
  if (without !== undefined)
    expect([...publish, ...subscribe]).toEqual(expect.arrayContaining(Object.values(without)));
  const [mayPublish, maySubscribe] = [
    publish.filter((one) => one !== without?.publish),
    subscribe.filter((one) => one !== without?.subscribe),
  ];
  const allowed = `permissions: { publish: ${listed(mayPublish)}, subscribe: ${listed(maySubscribe)} }`;
  return `authorization { users: [{ ${user}, ${allowed} }] }`;
}

const withUser = (url: string) => url.replace("//", "//sluice:right-secret@");
const USER = `user: "sluice", password: "right-secret"`;

describe.skipIf(noServer)("access", () => {
  test("the README's permissions are enough for everything, and let nobody do more", async () => {
    const nats = await server(authorization(USER));
    const transport = natsTransport({ url: withUser(nats.url), name: "permitted" });
    expect(await useOfEverything(transport)).toMatchObject({
      taken: { done: false, value: "a" },
      requeued: "requeued",
      counts: { ready: 2, consumed: 2 },
      rest: ["d", "c"],
    });

    const nc = await connect({ servers: nats.url, user: "sluice", pass: "right-secret", reconnect: false });
    const denied: string[] = [];
    void (async () => {
      for await (const status of nc.status()) if (status.type === "error") denied.push(status.error.message);
    })();
    for (const subject of ["other", "sluice.at.x"]) nc.publish(subject);
    nc.subscribe("sluice.on.>", { callback: () => {} });
    const named = (what: string) => denied.some((one) => one.includes(what));
    await until(() => named(`"other"`) && named(`"sluice.at.x"`) && named(`"sluice.on.>"`), "all are denied");
    await nc.close();
  });

  test("who may not commit is told so", async () => {
    const nats = await server(authorization(USER, { publish: "sluice.on.>" }));
    const transport = natsTransport({ url: withUser(nats.url), name: "forbidden" });
    const refused = { code: "PERMISSION_DENIED", effect: "none" };
    // An old server tells its time by what it stores: there it is told at once.
    const register = async () => (await createBuffer<string>(transport, { capacity: 1 })).producer();
    await expect(register()).rejects.toMatchObject(refused);
  });

  test("who may not hear what is committed is told so", async () => {
    const nats = await server(authorization(USER, { subscribe: "sluice.told.>" }));
    const transport = natsTransport({ url: withUser(nats.url), name: "deaf" });
    const buffer = await createBuffer<string>(transport, { capacity: 1 });
    const putTwo = async () => {
      const producer = await buffer.producer();
      await producer.put("a");
      await producer.put("b");
    };
    const refused = { code: "PERMISSION_DENIED", effect: "none" };
    await expect(putTwo()).rejects.toMatchObject(refused);
    await expect(buffer.close()).rejects.toMatchObject(refused);
  });

  test("a wrong password is told at once, and printed nowhere; so is one that is right", async () => {
    const nats = await server(authorization(USER));
    const wrong = natsTransport({ url: nats.url.replace("//", "//sluice:wrong-secret@"), name: "any" });
    const refusal = await wrong.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PERMISSION_DENIED", effect: "none" });
    const right = natsTransport({ url: withUser(nats.url), name: "kept" });
    const missing = await right.open().catch((error: unknown) => error);
    const buffer = await createBuffer(right, { capacity: 1 });
    const shown = [refusal, missing, right, buffer, buffer.address].map((one) =>
      inspect(one, { depth: 9, showHidden: true }),
    );
    expect(JSON.stringify(buffer.address) + shown.join("")).not.toMatch(/(right|wrong)-secret/);
    // Another process has it from its environment.
    await expect(openAddress(buffer.address)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    vi.stubEnv("SLUICE_NATS_URL", withUser(nats.url));
    const again = await openAddress(buffer.address);
    await again.close();
    await buffer.destroy();
  });

  test("an authenticator of the client: a key, whose seed is told nowhere", async () => {
    const key = nkeys.createUser();
    const seed = new TextDecoder().decode(key.getSeed());
    const nats = await server(authorization(`nkey: ${key.getPublicKey()}`));
    const client = { authenticator: nkeyAuthenticator(key.getSeed()) };
    const transport = natsTransport({ url: nats.url, name: "key", client });
    const buffer = await createBuffer<string>(transport, { capacity: 1 });
    await (await buffer.producer()).put("a");
    const stranger = natsTransport({ url: nats.url, name: "key" });
    const refusal = await stranger.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PERMISSION_DENIED", effect: "none" });
    const shown = [refusal, buffer.address].map((one) => inspect(one, { depth: 9, showHidden: true }));
    expect(shown.join("")).not.toContain(seed);
    await buffer.destroy();
  });

  test("a file of credentials, which the environment names: for whoever opens the buffer by its address too", async () => {
    const { config, credentials, seed } = newOperator();
    const nats = await server(config);
    const transport = natsTransport({ url: nats.url, name: "credentials" });
    await expect(transport.open()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    const file = join(nats.folder, "user.creds");
    writeFileSync(file, credentials, { mode: 0o600 });
    vi.stubEnv("SLUICE_NATS_CREDS", file);
    const buffer = await createBuffer<string>(transport, { capacity: 1 });
    await (await buffer.producer()).put("a");
    const again = await openAddress<string>(buffer.address);
    expect(await (await again.consumer()).take()).toEqual({ done: false, value: "a" });
    expect(inspect(buffer.address, { depth: 9 })).not.toMatch(new RegExp(`${seed}|user.creds`));
    await again.close();
    await buffer.destroy();
  });

  test("TLS, with the client's own options; a certificate that nobody vouches for is refused", async () => {
    const plain = await server();
    const [key, cert] = [join(plain.folder, "key.pem"), join(plain.folder, "cert.pem")];
    const request =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
    const files = ["-keyout", key, "-out", cert, "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", [...request.split(" "), ...files], { stdio: "ignore" });
    const secured = await server(`tls { cert_file: "${cert}", key_file: "${key}" }`);
    const url = secured.url.replace("nats:", "tls:");
    const strange = natsTransport({ url, name: "tls" });
    await expect(strange.open()).rejects.toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
      message: expect.stringContaining("not trusted"),
    });
    const known = natsTransport({ url, name: "tls", client: { tls: { caFile: cert } } });
    const buffer = await createBuffer<string>(known, { capacity: 1 });
    await (await buffer.producer()).put("a");
    expect(await (await buffer.consumer()).take()).toEqual({ done: false, value: "a" });
    await buffer.destroy();
  });
});
