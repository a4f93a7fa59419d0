/** Both ends of the message port through which a lane reports progress. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { LaneObserver } from './protocol.ts';

/**
 * Creates the main thread's end. Calls arrive in order while the port is open.
 *
 * @returns the port to send to the lane, and a function that closes the main thread's end.
 */
export function exposeObserver(observer: LaneObserver): { port: MessagePort; close(): void } {
  const { port1, port2 } = new MessageChannel();
  Comlink.expose(observer, nodeEndpoint(port1));
  return { port: port2, close: () => port1.close() };
}

/**
 * Creates the lane's end.
 *
 * @returns an observer whose calls do not wait for the main thread, and `flush`, which resolves once all earlier calls have
 * arrived.
 */
export function wrapObserver(port: MessagePort): {
  observer: LaneObserver;
  flush(task: string): Promise<void>;
  close(): void;
} {
  const remote = Comlink.wrap<LaneObserver>(nodeEndpoint(port));
  return {
    observer: {
      onStage: (...args) => void remote.onStage(...args),
      onBatch: (...args) => void remote.onBatch(...args),
      onEpoch: (...args) => void remote.onEpoch(...args),
      onWarning: (...args) => void remote.onWarning(...args),
      onContinue: (...args) => void remote.onContinue(...args),
    },
    flush: (task) => remote.onStage(task, 'done'),
    close() {
      remote[Comlink.releaseProxy]();
      port.close();
    },
  };
}
