/** onnxruntime-web, in a browser or in node. */
import type { Env, InferenceSession, Tensor, TypedTensor } from 'onnxruntime-web';
import type { Backend, Engine } from './engine.ts';

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
    async open(model) {
      const session = await InferenceSession.create(model, { executionProviders: [backend], logSeverityLevel: 3 });
      const [output] = session.outputNames as [string];
      return {
        async run(input, pixels, shape) {
          const feed = new Pixels('uint8', pixels, shape);
          const results = await session.run({ [input]: feed });
          const tensor = results[output]! as Tensor;
          // A copy: the memory of a result belongs to the session.
          const values = Float32Array.from((await tensor.getData()) as Float32Array);
          tensor.dispose();
          return values;
        },
        dispose: () => session.release(),
      };
    },
  };
}
