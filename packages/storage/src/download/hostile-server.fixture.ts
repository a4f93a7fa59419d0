/** A fault-injecting local server, for tests. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** 200 kB without repetition, so that a misplaced or missing range changes the hash. */
export const content = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, index) => (index * index * 31) >> 5));

export type Behavior = (request: IncomingMessage, response: ServerResponse) => void;

export interface HostileServer {
  url: string;
  /** The range headers of each request so far. */
  requests: { range: string | undefined; ifRange: string | undefined }[];
  close(): Promise<void>;
}

/** Handles each request with the next behavior; repeats the last one. */
export async function hostileServer(...behavior: Behavior[]): Promise<HostileServer> {
  const requests: HostileServer['requests'] = [];
  const server = createServer((request, response) => {
    const behave = behavior[Math.min(requests.length, behavior.length - 1)]!;
    requests.push({ range: request.headers.range, ifRange: request.headers['if-range'] as string | undefined });
    behave(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/some.bin`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Responds correctly: ranges, a tag, If-Range. */
export function serve(bytes: Buffer = content, tag = '"one"'): Behavior {
  return (request, response) => {
    const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const condition = request.headers['if-range'];
    const headers = { etag: tag, 'accept-ranges': 'bytes' };
    if (first === undefined || (condition !== undefined && condition !== tag))
      response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    else if (Number(first) >= bytes.length)
      response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end();
    else
      response
        .writeHead(206, {
          ...headers,
          'content-length': bytes.length - Number(first),
          'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}`,
        })
        .end(bytes.subarray(Number(first)));
  };
}

/** Sends the whole content with these headers and ignores ranges. */
export function whole(headers: Record<string, string | number>, bytes: Buffer = content): Behavior {
  return (_, response) => {
    response.writeHead(200, headers).end(bytes);
  };
}

/** Announces the whole content, sends 60 %, then breaks the connection or stalls; an empty `tag` sends none. */
export function cutAt60(then: 'break' | 'stall', tag = '"one"'): Behavior {
  return (_, response) => {
    response.writeHead(200, { 'content-length': content.length, ...(tag === '' ? {} : { etag: tag }) });
    response.write(content.subarray(0, 120_000), () => {
      if (then === 'break') response.destroy();
    });
  };
}

/** Sends a response without a body. */
export function status(code: number, headers: Record<string, string> = {}): Behavior {
  return (_, response) => {
    response.writeHead(code, headers).end();
  };
}

/** Accepts the request and never responds. */
export const silence: Behavior = () => {};
