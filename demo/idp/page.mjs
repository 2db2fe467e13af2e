// The two pages of the demo identity provider. No script, no picture, nothing from elsewhere.
import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #23211d; --ink2: #5a554c; --line: #857e72; --surface: #fff; --accent: #155e6e; --on: #fff; --demo: #8a5200; --demo-tint: #fbf0db }
@media (prefers-color-scheme: dark) { :root { --paper: #1b1a18; --ink: #ede9e1; --ink2: #b7b1a5; --line: #8f887b; --surface: #232220; --accent: #82c8d6; --on: #08262d; --demo: #ebb965; --demo-tint: #3a2d15 } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/24px system-ui, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: 2.5rem 1.25rem }
h1 { font-size: 1.75rem; line-height: 2.125rem; margin: .75rem 0 }
p { margin: .5rem 0 1.25rem }
.demo { display: inline-block; margin: 0; padding: .125rem .5rem; border-radius: 4px; background: var(--demo-tint); color: var(--demo); font-weight: 600 }
.en, .email { color: var(--ink2) }
ul { list-style: none; margin: 0; padding: 0 }
li { margin: 0 0 .5rem }
button { display: block; width: 100%; padding: .625rem 1rem; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); color: inherit; font: inherit; text-align: left; cursor: pointer }
button strong { display: block }
button:hover, li.hinted button { border-color: var(--accent); background: var(--accent); color: var(--on) }
button:hover .email, li.hinted .email { color: inherit }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

const page = (title, content) => `<!doctype html>
<html lang="sv">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<p class="demo">Demo</p>
${content}
</main></body>
</html>
`;

/** The page where a demo person is chosen. `hint` (login_hint) puts the person with that address or sub first. */
export function choosePerson({ organisation, hint }) {
  const isHinted = ({ sub, email }) => hint !== undefined && [sub, email.toLowerCase()].includes(hint.toLowerCase());
  const people = [...organisation.people].sort((a, b) => Number(isHinted(b)) - Number(isHinted(a)));
  const rows = people.map(
    (person) => `<li${isHinted(person) ? ' class="hinted"' : ""}>
<button name="sub" value="${escape(person.sub)}"${isHinted(person) ? " autofocus" : ""}><strong>${escape(person.name)}</strong>
<span class="email">${escape(person.email)}</span></button></li>`,
  );
  return page(
    `Logga in – ${organisation.name} (demo)`,
    `<h1>${escape(organisation.name)}</h1>
<p id="question">Vem är du i dag? Välj en påhittad person. Inget lösenord behövs.
<span class="en" lang="en">Choose an invented person. No password is needed.</span></p>
<form method="post" aria-labelledby="question">
<ul>
${rows.join("\n")}
</ul>
</form>`,
  );
}

/** A page that says what went wrong. */
export function problem(sentence) {
  return page("Inloggningen avbröts (demo)", `<h1>Inloggningen avbröts</h1>\n<p>${escape(sentence)}</p>`);
}

/** Answer with a page. `origins`: where a form's answer may lead besides here (CSP form-action covers redirects). */
export function show(response, status, html, origins = []) {
  const body = Buffer.from(html);
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": [
      "default-src 'none'",
      `style-src 'sha256-${STYLE_HASH}'`,
      ["form-action 'self'", ...origins].join(" "),
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join("; "),
  });
  response.end(body);
}
