/** A server on this machine that serves one content, well or badly, for the tests. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** 200 kB that no compression or repetition hides a mistake in. */
export const content = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, index) => (index * index * 31) >> 5));

export type Behavior = (request: IncomingMessage, response: ServerResponse) => void;

export interface HostileServer {
  url: string;
  /** The headers of each request so far that matter. */
  requests: { range: string | undefined; ifRange: string | undefined }[];
  close(): Promise<void>;
}

/** Answers each request by the next behavior; the last one stays. */
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

/** As a good server does: ranges, a tag, If-Range. */
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

/** The content from its beginning with these headers, whatever was asked for. */
export function whole(headers: Record<string, string | number>, bytes: Buffer = content): Behavior {
  return (_, response) => {
    response.writeHead(200, headers).end(bytes);
  };
}

/** Promises everything, sends the first 60 %, and then breaks the connection or goes silent; an empty tag is none. */
export function cutAt60(then: 'break' | 'stall', tag = '"one"'): Behavior {
  return (_, response) => {
    response.writeHead(200, { 'content-length': content.length, ...(tag === '' ? {} : { etag: tag }) });
    response.write(content.subarray(0, 120_000), () => {
      if (then === 'break') response.destroy();
    });
  };
}

/** An answer without content. */
export function status(code: number, headers: Record<string, string> = {}): Behavior {
  return (_, response) => {
    response.writeHead(code, headers).end();
  };
}

/** Takes the request and never answers. */
export const silence: Behavior = () => {};
