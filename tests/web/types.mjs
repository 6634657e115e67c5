// The types of clients/typescript, made of the OpenAPI documents: `npm run types` writes them.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "#stack";
import openapiTS, { COMMENT_HEADER, astToString } from "openapi-typescript";
import ts from "typescript";

/** The contracts, by the names of their documents. */
export const CONTRACTS = ["authms", "ciam", "cloudbase", "system-user", "wts"];

/**
 * Where a contract's types belong.
 *
 * @param {string} contract
 */
export const place = (contract) => join(ROOT, "clients/typescript", `${contract}.d.ts`);

/** Every type of JSON: such a schema speaks of itself in its items, which a member of an interface cannot. */
const isAnything = (schema) => Array.isArray(schema.type) && schema.type.length === 6;

/**
 * A contract's types, as its document has them now.
 *
 * @param {string} contract
 */
export async function types(contract) {
  const document = pathToFileURL(join(ROOT, "docs/openapi", `${contract}.json`));
  const anything = ts.factory.createKeywordTypeNode(ts.SyntaxKind.UnknownKeyword);
  const transform = (schema) => (isAnything(schema) ? anything : undefined);
  return COMMENT_HEADER + astToString(await openapiTS(document, { transform }));
}

if (process.argv[1] === import.meta.filename) {
  for (const contract of CONTRACTS) await writeFile(place(contract), await types(contract));
}
