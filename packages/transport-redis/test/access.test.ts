// Who may do what at a server, TLS, and that secrets stay where they are.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { createBuffer, openAddress } from "@sluice/core";
import { freePort, useOfEverything } from "@sluice/test-support";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { redisTransport } from "../dist/index.js";
import { scripts } from "../dist/scripts.js";
import { minimalRule } from "./support/acl-rule.js";
import { noServer, server } from "./support/servers.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("the ACL rule of the README names every command that is used, and no other", () => {
  const named = minimalRule().filter((word) => word.startsWith("+"));
  const inScripts = Object.values(scripts).flatMap(({ source }) =>
    [...source.matchAll(/call\('([A-Z]+)'/g)].map(([, name = ""]) => `+${name.toLowerCase()}`),
  );
  const byClients = ["+evalsha", "+eval", "+blpop", "+wait", "+type", "+info", "+config|get", "+hmget"];
  expect(new Set(named)).toEqual(new Set([...inScripts, ...byClients]));
});

describe.skipIf(noServer)("access", () => {
  test("the ACL rule of the README is enough for everything, and lets nobody do more", async () => {
    const redis = await server();
    await redis.command("ACL", "SETUSER", ...minimalRule());
    await redis.command("CONFIG", "SET", "appendfsync", "everysec");
    const url = redis.url.replace("redis://", "redis://sluice:secret@");
    const transport = redisTransport({ url, name: "acl" });
    expect(await useOfEverything(transport)).toMatchObject({
      taken: { done: false, value: "a" },
      requeued: "requeued",
      counts: { ready: 2, consumed: 2 },
      rest: ["d", "c"],
    });
    const user = new Redis(url);
    for (const [name, ...args] of [
      ["GET", "other"],
      ["FLUSHALL"],
      ["CONFIG", "SET", "maxmemory", "1"],
    ] as const)
      await expect(user.call(name, ...args)).rejects.toThrow(/NOPERM/);
    user.disconnect();
  });

  test("a database that cannot be had is refused, and no other is used instead", async () => {
    const redis = await server();
    await redis.command("ACL", "SETUSER", ...minimalRule());
    const place = redis.url.replace(/\/0$/, "");
    const [missing, forbidden] = [`${place}/99`, `${place.replace("//", "//sluice:secret@")}/1`];
    const made = (url: string) => createBuffer(redisTransport({ url, name: "elsewhere" }), { capacity: 1 });
    for (const [url, says] of [
      [missing, "DB index is out of range"],
      [forbidden, "NOPERM"],
    ] as const) {
      const refusal = expect.objectContaining({
        code: "PERMISSION_DENIED",
        message: expect.stringContaining(says),
      });
      await expect(made(url)).rejects.toEqual(refusal);
    }
    expect(await redis.command("DBSIZE")).toContain(":0");
    await redis.command("ACL", "SETUSER", "sluice", "+select");
    const buffer = await made(forbidden);
    expect(await redis.command("DBSIZE")).toContain(":0");
    await buffer.destroy();
  });

  test("a wrong password is told at once, and printed nowhere; so is one that is right", async () => {
    const redis = await server(["--requirepass", "right-secret"]);
    const wrong = redisTransport({ url: redis.url.replace("//", "//:wrong-secret@"), name: "any" });
    const refusal = await wrong.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PERMISSION_DENIED", effect: "none" });
    const url = redis.url.replace("//", "//:right-secret@");
    const right = redisTransport({ url, name: "kept" });
    const missing = await right.open().catch((error: unknown) => error);
    const buffer = await createBuffer(right, { capacity: 1 });
    const shown = [refusal, missing, right, buffer, buffer.address].map((one) =>
      inspect(one, { depth: 9, showHidden: true }),
    );
    expect(JSON.stringify(buffer.address) + shown.join("")).not.toMatch(/(right|wrong)-secret/);
    // Another process has it from its environment.
    await expect(openAddress(buffer.address)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    vi.stubEnv("SLUICE_REDIS_URL", url);
    const again = await openAddress(buffer.address);
    await again.close();
    await buffer.destroy();
  });

  test("TLS, with the client's own options, or a connection of one's own", async () => {
    const port = await freePort();
    const plain = await server();
    const [key, cert] = [join(plain.folder, "key.pem"), join(plain.folder, "cert.pem")];
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", [...request, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"];
    const secured = await server(["--port", "0", "--tls-port", String(port), ...files]);
    const ca = readFileSync(cert, "utf8");
    const url = `rediss://127.0.0.1:${port}`;
    const strange = redisTransport({ url, name: "tls" });
    await expect(strange.open()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    const buffer = await createBuffer<string>(redisTransport({ url, name: "tls", client: { tls: { ca } } }), {
      capacity: 1,
    });
    await (await buffer.producer()).put("a");
    const connection = new Redis({ host: "127.0.0.1", port, tls: { ca } });
    const port2 = await redisTransport({ connection, name: "tls" }).open();
    expect(await port2.counts()).toMatchObject({ ready: 1 });
    await port2.close();
    // It is the user's, and was left alone.
    expect(await connection.ping()).toBe("PONG");
    connection.disconnect();
    await buffer.destroy();
    await secured.stop();
  });
});
