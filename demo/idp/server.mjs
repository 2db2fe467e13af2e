// The demo's identity provider: one process, one OpenID issuer with its own keys per invented organisation.
//
//   node demo/idp/server.mjs CONFIG.json        (or IDP_CONFIG=CONFIG.json)
//
// CONFIG: {port, organisations: [{slug, name, client_id, client_secret, redirect_uris, post_logout_redirect_uris,
// organisation_number, people: [{sub, name, email}]}]}. Keys are made once, in DATA_DIR/idp/<slug>.json (DATA_DIR: var).
// It listens on this machine only and asks for no password: never use it for anything but the demo and tests.
// Exit codes: 0 stopped by SIGTERM or SIGINT, 2 wrong configuration or port taken.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { choosePerson, problem, show } from "./page.mjs";
import { createStore } from "./store.mjs";

// oidc-provider complains at its start about every Node before 22; the portal promises 20, and the tests run there.
const { warn } = console;
console.warn = () => {};
const { Provider } = await import("oidc-provider");
console.warn = warn;

const HOST = "127.0.0.1";
const LEVEL = "http://id.elegnamnden.se/loa/1.0/loa3";
const ORGANISATION_NUMBER = "https://id.oidc.se/claim/orgNumber";
const MAX_FORM_BYTES = 4096;
const HOURS = 3600;

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function readConfig() {
  const path = process.argv[2] ?? process.env.IDP_CONFIG;
  if (!path) fail("The demo identity provider needs the path of its configuration.");
  let config;
  try {
    config = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    fail(`The demo identity provider cannot read ${path}: ${error.message}`);
  }
  const names = config.organisations?.map(({ slug }) => slug) ?? [];
  const isUsable = names.length > 0 && names.every((slug) => /^[a-z0-9][a-z0-9-]*$/.test(slug));
  if (!isUsable || new Set(names).size !== names.length) {
    fail(`${path} lists no organisations, or one whose slug is wrong or used twice.`);
  }
  return config;
}

/** The signing key and cookie secret of an organisation; made at its first start. */
function keysOf(slug) {
  const folder = join(process.env.DATA_DIR ?? "var", "idp");
  const path = join(folder, `${slug}.json`);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") fail(`The demo identity provider cannot read ${path}: ${error.message}`);
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { ...privateKey.export({ format: "jwk" }), kid: randomBytes(6).toString("hex"), use: "sig", alg: "ES256" };
  const keys = { jwks: [key], cookies: [randomBytes(32).toString("hex")] };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(keys), { mode: 0o600, flag: "wx" });
  return keys;
}

/** Everybody agrees to everything: the portal asks for a name and an address only. */
async function loadExistingGrant(ctx) {
  const { client, provider, session } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email");
  await grant.save();
  return grant;
}

function configurationOf(organisation, { jwks, cookies }) {
  const { slug, client_id, client_secret, redirect_uris, post_logout_redirect_uris = [], people } = organisation;
  const cookie = { httpOnly: true, sameSite: "lax", signed: true };
  return {
    adapter: createStore(),
    jwks: { keys: jwks },
    cookies: {
      keys: cookies,
      // All issuers live on one host: names of their own keep their sessions apart.
      names: { session: `${slug}_session`, interaction: `${slug}_sign_in`, resume: `${slug}_resume` },
      long: { ...cookie, path: `/${slug}` },
      short: cookie,
    },
    clients: [
      {
        client_id,
        client_secret,
        redirect_uris,
        post_logout_redirect_uris,
        grant_types: ["authorization_code"],
        response_types: ["code"],
        id_token_signed_response_alg: "ES256",
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    responseTypes: ["code"],
    pkce: { required: () => true },
    acrValues: [LEVEL],
    claims: { openid: ["sub", ORGANISATION_NUMBER], profile: ["name"], email: ["email"] },
    conformIdTokenClaims: false, // name and address in the ID token, so that userinfo need not be asked
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 8 * HOURS,
      IdToken: 600,
      Interaction: 600,
      Session: 8 * HOURS,
    },
    interactions: { url: (_ctx, interaction) => `/${slug}/sign-in/${interaction.uid}` },
    loadExistingGrant,
    findAccount(_ctx, sub) {
      const person = people.find((one) => one.sub === sub);
      if (!person) return undefined;
      const { name, email } = person;
      const number = organisation.organisation_number;
      return { accountId: sub, claims: () => ({ sub, name, email, ...(number && { [ORGANISATION_NUMBER]: number }) }) };
    },
    renderError(ctx, out) {
      show(ctx.res, ctx.status, problem(`Teknisk orsak: ${out.error}`));
      ctx.respond = false;
    },
  };
}

/** After the portal's own sign-out nobody needs to be asked again: end the session and lead back at once. */
async function endSessionAtOnce(ctx, next) {
  await next();
  const { oidc } = ctx;
  if (oidc?.route !== "end_session" || ctx.status !== 200) return;
  const target = oidc.params.post_logout_redirect_uri;
  if (!target) return;
  await oidc.session.destroy();
  ctx.cookies.set(oidc.provider.cookieName("session"), null, { path: new URL(oidc.issuer).pathname, signed: true });
  const url = new URL(target);
  if (oidc.params.state !== undefined) url.searchParams.set("state", oidc.params.state);
  ctx.status = 303;
  ctx.redirect(url.href);
}

async function readForm(request) {
  let text = "";
  for await (const piece of request) {
    text += piece;
    if (text.length > MAX_FORM_BYTES) throw new RangeError("form too long");
  }
  return new URLSearchParams(text);
}

async function signIn(organisation, provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method === "POST") {
    const sub = (await readForm(request)).get("sub");
    if (organisation.people.some((person) => person.sub === sub)) {
      await provider.interactionFinished(request, response, { login: { accountId: sub, acr: LEVEL, remember: false } });
      return;
    }
  }
  const origins = organisation.redirect_uris.map((uri) => new URL(uri).origin);
  const html = choosePerson({ organisation, hint: params.login_hint });
  show(response, request.method === "POST" ? 400 : 200, html, [...new Set(origins)]);
}

/** Give a request to the issuer that its first path segment names. */
function dispatcher(issuers) {
  return async (request, response) => {
    const [, slug, rest = "/"] = /^\/([a-z0-9-]+)(\/[^?]*)?/.exec(request.url) ?? [];
    const issuer = issuers.get(slug);
    if (!issuer) {
      show(response, 404, problem("Sidan finns inte."));
    } else if (rest.startsWith("/sign-in/")) {
      try {
        await signIn(issuer.organisation, issuer.provider, request, response);
      } catch (error) {
        const isOld = error.name === "SessionNotFound";
        if (!isOld) process.stderr.write(`sign-in page: ${error.stack}\n`);
        show(response, isOld ? 400 : 500, problem("Inloggningen har blivit för gammal. Gå tillbaka till portalen och börja om."));
      }
    } else {
      request.originalUrl = request.url;
      request.url = request.url.slice(slug.length + 1) || "/";
      issuer.callback(request, response);
    }
  };
}

const config = readConfig();
const server = createServer();
server.on("error", (error) => {
  if (error.code === "EADDRINUSE") fail(`Port ${config.port} is taken: the demo identity provider cannot start.`);
  fail(`The demo identity provider cannot listen: ${error.message}`);
});
server.listen(config.port, HOST, () => {
  const base = `http://${HOST}:${server.address().port}`;
  const issuers = new Map();
  for (const organisation of config.organisations) {
    const provider = new Provider(`${base}/${organisation.slug}`, configurationOf(organisation, keysOf(organisation.slug)));
    provider.use(endSessionAtOnce);
    issuers.set(organisation.slug, { organisation, provider, callback: provider.callback() });
  }
  server.on("request", dispatcher(issuers));
  process.stdout.write(`Demo identity provider: ${issuers.size} organisations at ${base}\n`);
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
