/** Runs ONNX models on the CPU by onnxruntime, whose binaries come with its npm package. */
import type * as Onnxruntime from 'onnxruntime-node';
import { RuntimeError } from './errors.ts';

/** A model with one input, raw pixels, and one output, float32. Belongs to the thread that opened it. */
export interface OnnxSession {
  /**
   * Runs the model.
   *
   * @param pixels [N,S,S,3]; not changed.
   * @returns all numbers of the output.
   */
  run(pixels: Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  /** Frees the model; call it when no `run` is pending. */
  dispose(): Promise<void>;
}

/** The threads of a session. */
export interface OnnxThreads {
  /** Threads of an operator. */
  threads: number;
  /**
   * Whether threads spin while they wait for the next operator, and sleep once a run ends: faster for small batches, but
   * slower for other threads that need the processor.
   */
  spin: boolean;
}

/**
 * Loads a model.
 *
 * @param model content of an `.onnx` file; may be dropped afterwards.
 * @throws RuntimeError when onnxruntime does not run on this machine.
 */
export async function openOnnxSession(model: Uint8Array, { threads, spin }: OnnxThreads): Promise<OnnxSession> {
  const { InferenceSession, Tensor } = await load();
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: spin ? '1' : '0' }, force_spinning_stop: '1' } },
  });
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return {
    async run(pixels, shape) {
      const results = await session.run({ [input]: new Tensor('uint8', pixels, shape) });
      return results[output]!.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

/** Why onnxruntime does not run on this machine; undefined if it does. */
export async function obstacleToOnnxruntime(): Promise<string | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

// --- internal ---

async function load(): Promise<typeof Onnxruntime> {
  try {
    // A CommonJS module: its exports are those of `default`.
    const { default: onnxruntime } = (await import('onnxruntime-node')) as unknown as { default: typeof Onnxruntime };
    return onnxruntime;
  } catch (error) {
    throw new RuntimeError(
      `onnxruntime-node has no binaries that run on ${process.platform} ${process.arch}: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
}
