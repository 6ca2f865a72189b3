/** Why bytes are no record: `foreign` was never one, `version` is of another format, `torn` is damaged or incomplete. */
export type RecordFlaw = "foreign" | "torn" | { readonly version: number };
