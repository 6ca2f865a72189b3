import type { Delivery, LeaseToken, Settlement } from "@sluice/core";

/** Of a delivery under a lease, which has one. */
export function tokenOf({ token }: Delivery): LeaseToken {
  return token as LeaseToken;
}

export function released(tokens: readonly LeaseToken[]): Settlement[] {
  return tokens.map((token) => ({ kind: "release", token }));
}
