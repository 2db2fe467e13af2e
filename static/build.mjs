/**
 * Build the front end: `npm run build`.
 *
 * Reads  static/css/app.scss, static/js/*.entry.js, static/img/*, the icon names found in templates/ and portal/.
 * Writes static/build/: hashed files that may be cached for ever, `manifest.json` (logical name -> file name) and
 * `icons.json` (bootstrap-icons name -> inner markup of a 16x16 svg). Nothing in there is committed.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const target = path.join(root, "static", "build");
const fresh = `${target}.${process.pid}`;
const fonts = path.join(root, "node_modules/@fontsource-variable/source-sans-3/files");
const icons = path.join(root, "node_modules/bootstrap-icons/icons");
// The browsers of the field are managed and lag behind; these are the oldest with <dialog>, :has() and cascade layers.
const browsers = ["chrome111", "edge111", "firefox121", "safari16.4"];

/** Put the bytes under a name that carries their hash. */
async function place(name, bytes) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const file = `${stem}-${hash}${ext}`;
  await writeFile(path.join(fresh, file), bytes);
  return [name, file];
}

async function buildFonts() {
  const wanted = (await readdir(fonts)).filter((f) => /-latin(-ext)?-wght-(normal|italic)\.woff2$/.test(f));
  return Promise.all(wanted.map(async (f) => place(f, await readFile(path.join(fonts, f)))));
}

async function buildImages() {
  const dir = path.join(root, "static", "img");
  return Promise.all((await readdir(dir)).map(async (f) => place(f, await readFile(path.join(dir, f)))));
}

/** Sass, then the minifier; url("asset:name") becomes the hashed name of a font or a picture. */
async function buildStyles(files) {
  // Twice as fast as compileAsync; esbuild works in its own process meanwhile.
  const { css } = sass.compile(path.join(root, "static/css/app.scss"), {
    loadPaths: [path.join(root, "node_modules")],
    quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"], // Bootstrap 5.3 needs them
  });
  const named = css.replace(/url\(["']?asset:([^"')]+)["']?\)/g, (_, name) => {
    if (!files[name]) throw new Error(`app.scss asks for ${name}, which is not built`);
    return `url("${files[name]}")`;
  });
  const { code } = await esbuild.transform(named, { loader: "css", minify: true, target: browsers });
  return place("app.css", code);
}

/** One bundle per `*.entry.js`; what they share goes into chunks. theme runs before paint, so it is a classic script. */
async function buildScripts() {
  const dir = path.join(root, "static", "js");
  const entries = (await readdir(dir)).filter((f) => f.endsWith(".entry.js"));
  const common = { bundle: true, minify: true, target: browsers, outdir: fresh, metafile: true, logLevel: "warning" };
  const point = (f) => ({ in: path.join(dir, f), out: f.replace(".entry.js", "") });
  const builds = await Promise.all([
    esbuild.build({
      ...common,
      entryPoints: entries.filter((f) => f !== "theme.entry.js").map(point),
      format: "esm",
      splitting: true,
      entryNames: "[name]-[hash]",
      chunkNames: "chunk-[hash]",
    }),
    esbuild.build({ ...common, entryPoints: [point("theme.entry.js")], format: "iife", entryNames: "[name]-[hash]" }),
  ]);
  return builds.flatMap(({ metafile }) =>
    Object.entries(metafile.outputs)
      .filter(([, out]) => out.entryPoint)
      .map(([file, out]) => [path.basename(out.entryPoint).replace(".entry", ""), path.basename(file)]),
  );
}

/** pdf.js works in a worker of its own; fonts, character maps and slow decoders are fetched when a document needs them. */
async function buildViewer() {
  const from = path.join(root, "node_modules/pdfjs-dist");
  for (const [folder, part] of [["standard_fonts", "fonts"], ["cmaps", "cmaps"]]) {
    await cp(path.join(from, folder), path.join(fresh, "pdfjs", part), { recursive: true });
  }
  const slow = "openjpeg_nowasm_fallback.js";
  await mkdir(path.join(fresh, "pdfjs/wasm"));
  await cp(path.join(from, "wasm", slow), path.join(fresh, "pdfjs/wasm", slow));
  return place("pdf.worker.js", await readFile(path.join(from, "legacy/build/pdf.worker.min.mjs")));
}

async function textsUnder(dir, ends) {
  const all = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = all.filter((e) => e.isFile() && ends.some((end) => e.name.endsWith(end)));
  return Promise.all(files.map((e) => readFile(path.join(e.parentPath ?? e.path, e.name), "utf8")));
}

/** Every quoted word that is an icon's name is taken along: a few too many, never one too few. */
async function buildIcons() {
  const known = new Set((await readdir(icons)).map((f) => f.replace(".svg", "")));
  const [templates, code] = await Promise.all([
    textsUnder(path.join(root, "templates"), [".html"]),
    textsUnder(path.join(root, "portal"), [".py"]),
  ]);
  const used = new Set();
  for (const text of [...templates, ...code]) {
    for (const [, name] of text.matchAll(/["']([a-z0-9][a-z0-9-]+)["']/g)) if (known.has(name)) used.add(name);
  }
  for (const text of templates) {
    for (const [, name] of text.matchAll(/\bicon\(["']([^"']+)["']/g)) {
      if (!known.has(name)) throw new Error(`a template asks for the icon "${name}", which bootstrap-icons does not have`);
    }
  }
  const drawn = await Promise.all(
    [...used].sort().map(async (name) => {
      const svg = await readFile(path.join(icons, `${name}.svg`), "utf8");
      return [name, svg.replace(/^[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/>\s+</g, "><").trim()];
    }),
  );
  await writeFile(path.join(fresh, "icons.json"), JSON.stringify(Object.fromEntries(drawn)));
}

async function build() {
  const started = performance.now();
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const files = Object.fromEntries((await Promise.all([buildFonts(), buildImages()])).flat());
  const [scripts, , styles, worker] = await Promise.all([buildScripts(), buildIcons(), buildStyles(files), buildViewer()]);
  Object.assign(files, Object.fromEntries([styles, worker, ...scripts]));
  await writeFile(path.join(fresh, "manifest.json"), JSON.stringify(files, Object.keys(files).sort(), 1));
  // Swap whole folders: a half-built one is never served.
  await mkdir(target, { recursive: true });
  await rm(`${target}.old`, { recursive: true, force: true });
  await rename(target, `${target}.old`);
  await rename(fresh, target);
  await rm(`${target}.old`, { recursive: true, force: true });
  console.log(`static/build: ${Object.keys(files).length} files in ${Math.round(performance.now() - started)} ms`);
}

try {
  await build();
} catch (error) {
  await rm(fresh, { recursive: true, force: true });
  console.error(error.message ?? error);
  process.exitCode = 1;
}
