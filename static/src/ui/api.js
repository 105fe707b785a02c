// Requests to the REST interface. Every answer carries `statusCode`; 0 is success.

const base = new URL("api/v2/", document.baseURI);

/** Where CometD listens; absolute, because the WebSocket transport derives its own URL from it. */
export const notificationsUrl = new URL("notifications", base).href;

/** The server said no, or could not be asked (`httpStatus` 0). */
export class ApiError extends Error {
  constructor(message, httpStatus, statusCode) {
    super(message);
    this.httpStatus = httpStatus;
    this.statusCode = statusCode;
  }
}

let onUnauthorized = () => {};
/** What to do when the server no longer knows who asks. */
export function whenUnauthorized(act) {
  onUnauthorized = act;
}

let clockSkewMs = 0;
/** The server's time, as far as the Date headers of its answers tell. */
export function serverNowMs() {
  return Date.now() + clockSkewMs;
}

export function get(path) {
  return request("GET", path);
}

/** What is no JSON, such as the metrics. */
export async function getText(path) {
  const response = await ask("GET", path);
  return response.ok ? response.text() : read(response);
}

export function post(path, body = {}) {
  return request("POST", path, body);
}

async function request(method, path, body) {
  return read(await ask(method, path, body));
}

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(new URL(path.replace(/^\//, ""), base), {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json", ...key(), ...csrf },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError("The server cannot be reached", 0);
  }
  measureSkew(response);
  rememberCsrf(response);
  if (response.status === 401) {
    onUnauthorized();
  }
  return response;
}

async function read(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || answer.statusCode) {
    const message = answer.statusMessage || `The server answered ${response.status}`;
    throw new ApiError(message, response.status, answer.statusCode);
  }
  return answer;
}

/** Names a request, so that one that the browser sends again by itself is not done twice. Pages without TLS cannot. */
function key() {
  return crypto.randomUUID ? { "Idempotency-Key": crypto.randomUUID() } : {};
}

/** The header that a server with CSRF protection wants back: every answer to a GET by the login's cookie has it. */
export let csrf = {};

function rememberCsrf(response) {
  const token = response.headers.get("X-CSRF-TOKEN");
  if (token) {
    csrf = { [response.headers.get("X-CSRF-HEADER")]: token };
  }
}

function measureSkew(response) {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(told)) {
    return;
  }
  // The header has whole seconds only, so half a second is its mean error: small differences are noise.
  const skewMs = told + 500 - Date.now();
  clockSkewMs = Math.abs(skewMs) > 2000 ? skewMs : 0;
}
