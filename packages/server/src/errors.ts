/** A bundle, an address or an option with which the server cannot start; the message says what was expected. */
export class ServerError extends Error {
  override name = 'ServerError';
  /** For those who can offer an option that helps. */
  readonly code: 'token-needed' | undefined;

  constructor(message: string, { code, cause }: { code?: ServerError['code']; cause?: unknown } = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** What kind of error ended a request; part of the API. */
export type RequestErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'wrong_host'
  | 'not_found'
  | 'method_not_allowed'
  | 'too_large'
  | 'unsupported_type'
  | 'unusable_image'
  | 'busy'
  | 'stopping'
  | 'timeout'
  | 'internal';

/** A request that is answered with an error: its status, and a JSON body with `error` and `code`. */
export class RequestError extends Error {
  override name = 'RequestError';
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly code: RequestErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: RequestError['status'],
    code: RequestErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function badRequest(message: string): RequestError {
  return new RequestError(400, 'bad_request', message);
}

/** The error of a request that would take more than the server has. */
export function busy(message: string): RequestError {
  return new RequestError(429, 'busy', `${message} Send it again later.`, { 'Retry-After': '1' });
}

export function tooManyImages(maximum: number, received: number | 'more'): RequestError {
  return new RequestError(413, 'too_large', `Expected at most ${maximum} images, received ${received}.`);
}
