/** onnxruntime-web, in a browser or in node. */
import type { Env, InferenceSession, Tensor, TypedTensor } from 'onnxruntime-web';
import type { Backend, Engine } from './engine.ts';
import { inOrder } from './in-order.ts';

/** The part of onnxruntime-web that is used. */
export interface WebRuntime {
  env: Env;
  InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  Tensor: new (type: 'uint8', data: Uint8Array, dims: readonly number[]) => TypedTensor<'uint8'>;
}

/** @param threads of an operator; those of the first engine count for all. */
export function webEngine(
  { env, InferenceSession, Tensor: Pixels }: WebRuntime,
  backend: Exclude<Backend, 'onnxruntime'>,
  threads: number,
): Engine {
  env.wasm.numThreads = threads;
  env.logLevel = 'error';
  return {
    backend,
    // WebGPU has no operators for integers; the processor would compute them.
    computesWithIntegers: backend === 'wasm',
    async open(model) {
      const session = await oneAtATime(() =>
        InferenceSession.create(model, { executionProviders: [backend], logSeverityLevel: 3 }),
      );
      const [output] = session.outputNames as [string];
      return {
        run: (input, pixels, shape) =>
          oneAtATime(async () => {
            const feed = new Pixels('uint8', pixels, shape);
            const results = await session.run({ [input]: feed });
            const tensor = results[output]! as Tensor;
            // A copy: the memory of a result belongs to the session.
            const values = Float32Array.from((await tensor.getData()) as Float32Array);
            tensor.dispose();
            return values;
          }),
        dispose: () => oneAtATime(() => session.release()),
      };
    },
  };
}

// --- internal ---

/** All sessions share one WebAssembly module, which with WebGPU refuses overlapping calls. */
const oneAtATime = inOrder();
