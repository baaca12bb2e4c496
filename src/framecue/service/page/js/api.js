// Asking the server. Whatever goes wrong becomes a `Problem` whose message is one sentence for a person.

/** What the server refuses, or that it is not there. */
export class Problem extends Error {
  /**
   * @param {string} message one sentence that says what to do
   * @param {number} status of HTTP; 0 if the server could not be reached
   * @param {object} [document] the whole problem document (RFC 9457)
   * @param {number} [retryAfterSeconds] when to try again, if the server said so
   */
  constructor(message, status, document = {}, retryAfterSeconds = null) {
    super(message);
    this.status = status;
    this.document = document;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get isLost() {
    return this.status === 0;
  }
}

const LOST = "The server cannot be reached.";
const listeners = { lost: new Set(), found: new Set(), denied: new Set() };

/** Call a function when the server is "lost", "found" (any answer), or has "denied" a request for want of a token. */
export function when(event, listener) {
  listeners[event].add(listener);
}

/** Return the address of a path of the server, wherever the page is mounted, with parameters that are not null. */
export function address(path, parameters = {}) {
  const url = new URL(path.replace(/^\//, "") || "./", document.baseURI);
  url.hash = "";
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

/**
 * Ask, and return the answer once it is known to be none of an error.
 *
 * @throws {Problem}; an AbortError where `signal` was used.
 */
export async function ask(path, { parameters = {}, signal, ...options } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, parameters), { credentials: "same-origin", signal, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const problem = new Problem(LOST, 0);
    tell("lost", problem);
    throw problem;
  }
  tell("found", null);
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401) tell("denied", problem);
  throw problem;
}

/** Ask with GET, and return the document. */
export async function get(path, parameters = {}, { signal } = {}) {
  return (await ask(path, { parameters, signal })).json();
}

/** Send a document as JSON, or a FormData as it is, and return the answer's document. */
export async function post(path, body, { signal } = {}) {
  return (await ask(path, { method: "POST", signal, ...asBody(body) })).json();
}

/** Send a document as JSON, and return what comes back as a file: {blob, name}. */
export async function postForFile(path, body, { signal } = {}) {
  const answer = await ask(path, { method: "POST", signal, ...asBody(body) });
  return { blob: await answer.blob(), name: fileName(answer.headers.get("Content-Disposition")) };
}

function asBody(body) {
  if (body instanceof FormData) return { body };
  return { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

async function problemOf(answer) {
  const document = await answer.json().catch(() => ({}));
  const seconds = Number.parseFloat(answer.headers.get("Retry-After") ?? "");
  const detail = typeof document.detail === "string" ? document.detail : document.title;
  const message = sentence(detail ?? `The server answered with ${answer.status} ${answer.statusText}`.trim());
  return new Problem(message, answer.status, document, Number.isFinite(seconds) ? seconds : null);
}

/** Return a message of framecue as a sentence: with a capital, where it begins with a plain word, and a full stop. */
export function sentence(text) {
  const trimmed = text.trim();
  const begun = /^[a-z]+[ ,]/.test(trimmed) ? trimmed[0].toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`;
}

export function fileName(disposition) {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? "");
  if (encoded) return decodeURIComponent(encoded[1]);
  return /filename="([^"]*)"/.exec(disposition ?? "")?.[1] ?? "";
}

function tell(event, value) {
  for (const listener of listeners[event]) listener(value);
}
