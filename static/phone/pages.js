// Pages: answers a field URL from the phone's store, byte for byte as Flask answers it.

import { attach } from "./attachments.js";
import { buildContext, lookup, moment, translator } from "./context.js";
import { dropDraft, keepDraft, readDraft } from "./drafts.js";
import { describe, inWords, LISTS, readValues } from "./forms.js";
import { withSettings } from "./identity.js";
import { runQueries } from "./query.js";
import { render } from "./render.js";
import { fill } from "./router.js";
import { submit, takeBack } from "./saves.js";

/**
 * @typedef {import("./context.js").Phone} Phone
 * @typedef {import("./context.js").Context} Context
 * @typedef {import("./router.js").Router} Router
 * @typedef {import("./router.js").Match} Match
 *
 * @typedef {object} Asked one request, reduced to what an answer depends on
 * @property {Match} match
 * @property {URL} url
 * @property {boolean} fragment
 */

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "font-src 'self'",
].join("; ");

const FILES = "/photos";

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/**
 * @param {string} html
 * @param {number} [status]
 * @param {Record<string, string>} [more]
 */
export function page(html, status = 200, more = {}) {
  return new Response(html, { status, headers: { ...HEADERS, ...more } });
}

/** @param {Request} request */
export function wantsFragment(request) {
  return request.headers.get("HX-Request") === "true" && !request.headers.has("HX-History-Restore-Request");
}

/**
 * 403, 404 or worse, in words.
 * @param {Phone} phone
 * @param {number} code
 * @param {{url: URL, fragment: boolean}} asked
 */
export async function problemPage(phone, code, { url, fragment }) {
  const ctx = await buildContext(phone, { url: url.pathname, args: {}, fragment, tab: null, needs: [] });
  return page(render(phone.data, "errors.html", { ...ctx, code }), code);
}

/**
 * The page for an address that only the server answers, while there is no server.
 * @param {Phone} phone
 * @param {URL} url
 */
export async function offlinePage(phone, url) {
  const ctx = await buildContext(phone, {
    url: url.pathname,
    args: {},
    fragment: false,
    tab: null,
    needs: [],
  });
  return page(render(phone.data, "offline.html", ctx), 503);
}

/**
 * The same where nobody is signed in: it knows no person, only how many records wait here.
 * @param {any} data
 * @param {string | null} locale
 * @param {number} others
 */
export function strangerPage(data, locale, others) {
  const spoken = locale ?? Object.keys(data.catalogs)[0];
  return page(render(data, "offline.html", { locale: spoken, status: { waiting: 0, others } }), 503);
}

/** A file to keep. @param {{name: string, text: string}} file */
export function download({ name, text }) {
  const disposition = `attachment; filename="${name}"`;
  return page(text, 200, { "Content-Type": "application/octet-stream", "Content-Disposition": disposition });
}

/**
 * The records of a screen and the rest of its context; or the answer that stands in their way.
 * @param {Phone} phone
 * @param {Asked} asked
 * @returns {Promise<{ctx: Context, found: Record<string, any>, refused: null} | {refused: Response}>}
 */
export async function load(phone, asked) {
  const { screen, params } = asked.match;
  const { url, fragment } = asked;
  if (screen.roles && !screen.roles.includes(phone.me.role))
    return { refused: await problemPage(phone, 403, asked) };
  const args = Object.fromEntries(
    screen.args.map((/** @type {string} */ name) => [name, url.searchParams.get(name) ?? ""]),
  );
  const time = moment(phone);
  const about = { url: url.pathname, args, fragment, tab: screen.tab ?? null, needs: screen.needs ?? [] };
  const [ctx, { found, missing }] = await Promise.all([
    buildContext(phone, about, time),
    runQueries(phone.store, phone.data, screen, { params, args, me: phone.me, ...time }),
  ]);
  if (missing !== null) return { refused: await problemPage(phone, 404, asked) };
  return { ctx: { ...ctx, ...found }, found, refused: null };
}

/**
 * What an untouched form shows: nothing, and for patched fields the loaded record's values.
 * @param {Phone} phone
 * @param {any} screen
 * @param {Record<string, any>} found
 */
function initialValues(phone, screen, found) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const { name, type } of phone.data.forms[screen.form].fields)
    values[name] = LISTS.includes(type) ? [] : null;
  for (const { verb, target, fields } of screen.saves) {
    if (verb === "patch") for (const name of fields) values[name] = found[target]?.[name] ?? null;
  }
  return values;
}

/**
 * `ctx.form`: what was typed or stands, what is wrong with it, and the fields in the reader's language.
 * @param {Phone} phone
 * @param {string} name
 * @param {Record<string, any>} values
 * @param {Record<string, string[]>} errors
 * @param {boolean} draft
 */
export function formView(phone, name, values, errors, draft) {
  const { data, me } = phone;
  const fields = describe(data.forms[name].fields, data.words, translator(data, me.locale));
  return { name, values, errors, fields, draft };
}

/**
 * GET of a screen.
 * @param {Phone} phone
 * @param {Asked} asked
 */
async function show(phone, asked) {
  const { screen } = asked.match;
  const loaded = await load(phone, asked);
  if (loaded.refused) return loaded.refused;
  const { ctx, found } = loaded;
  if (screen.form) {
    const draft = await readDraft(phone.store, asked.url.pathname);
    const { data } = phone;
    const values = draft
      ? readValues(data.forms[screen.form].fields, draft, data.utcOffset)
      : initialValues(phone, screen, found);
    ctx.form = formView(phone, screen.form, values, {}, Boolean(draft));
  }
  return page(render(phone.data, screen.template, ctx));
}

/**
 * On to another field URL: 303, or for htmx its fragment at once with the address to show.
 * @param {Phone} phone
 * @param {Router} router
 * @param {string} path
 * @param {{url: URL, fragment: boolean}} from
 */
async function goOn(phone, router, path, { url, fragment }) {
  const to = new URL(path, url);
  if (!fragment) return Response.redirect(to.href, 303);
  const match = router.match(to.pathname);
  if (!match) return page("", 200, { "HX-Redirect": path });
  // What was just saved may be the person's own language.
  const me = await withSettings(phone.store, phone.me);
  const answer = await show({ ...phone, me }, { match, url: to, fragment });
  answer.headers.set("HX-Push-Url", path);
  return answer;
}

/**
 * POST of a screen's form.
 * @param {Phone} phone
 * @param {Router} router
 * @param {Asked} asked
 * @param {URLSearchParams | FormData} body
 * @returns {Promise<Response>}
 */
async function post(phone, router, asked, body) {
  const { screen, params } = asked.match;
  const loaded = await load(phone, asked);
  if (loaded.refused) return loaded.refused;
  const { ctx } = loaded;
  const sent = await submit(phone, { screen, params, path: asked.url.pathname, ctx, body }).catch(
    // What it is about may have left this phone meanwhile: then it is answered as if it were asked for now.
    async (error) => (await load(phone, asked)).refused ?? Promise.reject(error),
  );
  if (sent instanceof Response) return sent;
  if (sent.errors) {
    const errors = inWords(sent.errors, translator(phone.data, phone.me.locale));
    ctx.form = formView(phone, screen.form, sent.values, errors, false);
    return page(render(phone.data, screen.template, ctx), sent.full ? 507 : 422);
  }
  const then = fill(screen.then ?? asked.url.pathname, (name) => lookup(sent.scope, name));
  return goOn(phone, router, then, asked);
}

/**
 * A path of this site, and nothing that only looks like one.
 * @param {string} path
 */
function inside(path) {
  return /^\/(?![/\\])/.test(path) && !path.includes("\\") ? path : "/";
}

/** What a form sent. @param {Request} request @returns {Promise<URLSearchParams | FormData>} */
export function bodyOf(request) {
  const type = request.headers.get("Content-Type") ?? "";
  if (type.startsWith("multipart/form-data")) return request.formData();
  return request.text().then((text) => new URLSearchParams(text));
}

/**
 * `PUT` and `DELETE /drafts?for=<path>`.
 * @param {Phone} phone
 * @param {Request} request
 * @param {URL} url
 */
async function answerDrafts(phone, request, url) {
  const path = url.searchParams.get("for");
  if (!path?.startsWith("/")) return new Response(null, { status: 400 });
  if (request.method === "PUT") await keepDraft(phone.store, path, new URLSearchParams(await request.text()));
  else await dropDraft(phone.store, path);
  return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });
}

/**
 * `PUT /photos?for=<path>&field=<name>`: a file of a form that is not saved yet; its name.
 * @param {Phone} phone
 * @param {Request} request
 * @param {URL} url
 */
async function answerFile({ store }, request, { searchParams }) {
  const [path, field] = [searchParams.get("for") ?? "", searchParams.get("field") ?? ""];
  try {
    const hash = await attach(store, path, field, await request.arrayBuffer());
    return new Response(hash, { status: 201, headers: { ...HEADERS, "Content-Type": "text/plain" } });
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "StorageFull") throw error;
    return new Response(null, { status: 507 }); // P8
  }
}

/**
 * `GET /photos/<hash>`: what this phone holds; null leaves it to the server.
 * @param {Phone} phone
 * @param {string} hash
 */
async function showFile({ store }, hash) {
  const bytes = await store.get("bytes", hash);
  return bytes ? new Response(bytes, { headers: { ...HEADERS, "Content-Type": "image/jpeg" } }) : null;
}

/**
 * `POST /undo`: takes back the save named by `group`, then goes on to `then`; null when this phone has no such save.
 * @param {Phone} phone
 * @param {Router} router
 * @param {Request} request
 * @param {{url: URL, fragment: boolean}} from
 */
async function answerUndo(phone, router, request, from) {
  const body = await bodyOf(request);
  const undone = await takeBack(phone, String(body.get("group") ?? ""));
  return undone ? goOn(phone, router, inside(String(body.get("then") ?? "/")), from) : null;
}

/**
 * Whether this is for the phone to answer at all: a screen, the save of a screen's form, a draft or an undo.
 * @param {Router} router
 * @param {string} path
 * @param {string} method
 */
export function isField(router, path, method) {
  if (path === "/drafts") return method === "PUT" || method === "DELETE";
  if (path === "/undo") return method === "POST";
  if (path === FILES) return method === "PUT";
  if (path.startsWith(`${FILES}/`)) return method === "GET";
  const match = router.match(path);
  return match !== null && (method === "GET" || (method === "POST" && Boolean(match.screen.form)));
}

/**
 * The phone's answer to a field URL; null when only the server can give it.
 * @param {Phone} phone
 * @param {Router} router
 * @param {Request} request
 * @returns {Promise<Response | null>}
 */
export async function answer(phone, router, request) {
  const url = new URL(request.url);
  const fragment = wantsFragment(request);
  if (url.pathname === "/drafts") return answerDrafts(phone, request, url);
  if (url.pathname === "/undo") return answerUndo(phone, router, request, { url, fragment });
  if (url.pathname === FILES) return answerFile(phone, request, url);
  if (url.pathname.startsWith(`${FILES}/`)) return showFile(phone, url.pathname.slice(FILES.length + 1));
  const match = router.match(url.pathname);
  if (!match) return problemPage(phone, 404, { url, fragment });
  if (request.method !== "POST") return show(phone, { match, url, fragment });
  return post(phone, router, { match, url, fragment }, await bodyOf(request));
}
