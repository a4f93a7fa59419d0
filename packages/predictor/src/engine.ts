/** What runs the networks. */

/** The engine that runs the networks: onnxruntime as a native library, or compiled to WebAssembly, or with WebGPU. */
export type Backend = 'onnxruntime' | 'wasm' | 'webgpu';

export interface Engine {
  readonly backend: Backend;
  /** Whether it runs networks of 8-bit integers; they are loaded as float32 where it does not. */
  readonly computesWithIntegers: boolean;
  /**
   * Loads a network.
   *
   * @param model content of an `.onnx` file with one input and one output; it may be dropped afterwards.
   */
  open(model: Uint8Array): Promise<Network>;
}

/** A loaded network; its runs must not overlap. */
export interface Network {
  /**
   * @param input name of the input.
   * @param pixels [count, size, size, 3]
   * @returns the rows of the output, one after another.
   */
  run(input: string, pixels: Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}
