// comlink does not ship types for this file.
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort } from 'node:worker_threads';
  import type { Endpoint } from 'comlink';

  /** Adapts a node MessagePort to the browser's interface. */
  export default function nodeEndpoint(port: MessagePort): Endpoint;
}
