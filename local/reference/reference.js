// Shows the documents that openapi/index.json lists. Nothing is asked of any other host.

/** Options of Scalar that hold for every document. */
const OPTIONS = {
  agent: { disabled: true },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  hideClientButton: true,
  mcp: { disabled: true },
  persistAuth: false,
  proxyUrl: "",
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
};

const index = new URL("openapi/index.json", document.baseURI);

/** @param {string | URL} url */
async function json(url) {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return await response.json();
  } catch (fault) {
    throw new Error(`${url} cannot be read: ${fault.message}`);
  }
}

/**
 * What fills in each security scheme, by the name that the documents have for it.
 *
 * @param {object | undefined} credentials
 * @param {string} slug of the document
 */
function schemes(credentials, slug) {
  if (!credentials) return {};
  const { token, wts_token, api_key, client } = credentials;
  const [username, password] = atob(client).split(":");
  return {
    user: { token: slug === "wts" ? wts_token : token },
    application: { username, password },
    apiKey: { token: api_key },
  };
}

/**
 * Tells the examples of optional parameters in words. Scalar would send them with every request that is tried, and who
 * tries a call seldom means a condition or an `Idempotency-Key` of somebody else's.
 *
 * @param {object} description OpenAPI
 */
function unfilled(description) {
  const paths = Object.values(description.paths).flatMap((path) => [path, ...Object.values(path)]);
  const parameters = paths.flatMap((part) => part.parameters ?? []);
  for (const parameter of [...parameters, ...Object.values(description.components?.parameters ?? {})]) {
    const examples = parameter.schema?.examples;
    if (parameter.required || !examples) continue;
    parameter.description += `\n\nFor example ${examples.map((example) => `\`${example}\``).join(" or ")}.`;
    delete parameter.schema.examples;
  }
  return description;
}

/**
 * Puts the request first that is tried: one that went well, as an answer of its name tells, and spends no code.
 *
 * @param {object} description OpenAPI
 */
function sorted(description) {
  for (const { requestBody, responses } of Object.values(description.paths).flatMap(Object.values)) {
    const done = Object.entries(responses ?? {}).filter(([status]) => status.startsWith("2"));
    const contents = done.flatMap(([, { content }]) => Object.values(content ?? {}));
    const names = new Set(contents.flatMap(({ examples }) => Object.keys(examples ?? {})));
    const spends = (value) => Object.keys(value).some((member) => /_(token|otp)$/.test(member));
    const rank = ([name, { value }]) => (names.has(name) ? 0 : 2) + (spends(value) ? 1 : 0);
    for (const body of Object.values(requestBody?.content ?? {})) {
      body.examples = Object.fromEntries(Object.entries(body.examples ?? {}).sort((a, b) => rank(a) - rank(b)));
    }
  }
  return description;
}

/** The documents, each as Scalar takes it. */
async function configurations() {
  // Only a local stack gives any.
  const place = document.querySelector("meta[name=credentials]")?.content;
  const credentials = place && (await json(place));
  const [{ "service-desc": documents }] = (await json(index)).linkset;
  const configured = documents.map(async ({ href, title }) => {
    const url = new URL(href, index);
    const slug = url.pathname.match(/([^/]+)\.json$/)[1];
    const authentication = { securitySchemes: schemes(credentials, slug) };
    const content = sorted(unfilled(await json(url)));
    // Whatever name this host was called by, so that the calls are of the same origin.
    if (credentials) content.servers[0].url = location.origin;
    const others = documents.filter((other) => other.href !== href).map((other) => other.title);
    content.info.description += `\n\nOne of ${documents.length} contracts. To choose another one, open the list above the navigation: ${others.join(", ")}.`;
    return { ...OPTIONS, title, slug, authentication, content };
  });
  return Promise.all(configured);
}

try {
  Scalar.createApiReference("#reference", await configurations());
} catch (fault) {
  const said = document.createElement("p");
  said.role = "alert";
  said.textContent = `The reference cannot be shown. ${fault.message}. Load the page again.`;
  document.querySelector("#reference").replaceChildren(said);
}
