// clients/typescript is what the documents say.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { CONTRACTS, place, types } from "./types.mjs";

for (const contract of CONTRACTS) {
  test(`the types of ${contract} are fresh`, async () => {
    const isFresh = (await readFile(place(contract), "utf8")) === (await types(contract));
    assert.ok(isFresh, `clients/typescript/${contract}.d.ts is stale; write it in tests/web: npm run types`);
  });
}
