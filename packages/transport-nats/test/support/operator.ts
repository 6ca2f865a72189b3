/** An operator with an account and a user of it: a server's configuration, and the user's file of credentials. By JWTs, as `nsc` makes them. */

import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

const UNLIMITED = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
};

const encoded = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64url");

function signed(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const header = encoded(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const claims = { jti: sub, iat: Math.floor(Date.now() / 1000), iss, sub, name: sub };
  const text = `${header}.${encoded(JSON.stringify({ ...claims, nats: { ...nats, version: 2 } }))}`;
  return `${text}.${encoded(issuer.sign(new TextEncoder().encode(text)))}`;
}

export interface Operator {
  /** Lines of a server's configuration. */
  readonly config: string;
  readonly credentials: string;
  /** What of it is a secret. */
  readonly seed: string;
}

export function newOperator(): Operator {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const accounts = [system, account].map((one, at) => {
    // The system's own has no streams.
    const limits = at === 0 ? { ...UNLIMITED, mem_storage: 0, disk_storage: 0 } : UNLIMITED;
    return `${one.getPublicKey()}: ${signed(operator, one, { type: "account", limits })}`;
  });
  const config = [
    `operator: ${signed(operator, operator, { type: "operator" })}`,
    `system_account: ${system.getPublicKey()}`,
    "resolver: MEMORY",
    `resolver_preload: {\n${accounts.join("\n")}\n}`,
  ].join("\n");
  const seed = new TextDecoder().decode(user.getSeed());
  const jwt = signed(account, user, { type: "user", subs: -1, data: -1, payload: -1 });
  const part = (name: string, text: string) => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return { config, credentials: part("NATS USER JWT", jwt) + part("USER NKEY SEED", seed), seed };
}
