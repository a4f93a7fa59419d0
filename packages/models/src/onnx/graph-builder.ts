import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './model-bytes.ts';

/** The name of a value in the graph. */
export type ValueName = string;

/** Collects the nodes and constants of a graph. Names must be unique. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];

  input(value: OnnxValue): ValueName {
    this.#inputs.push(value);
    return value.name;
  }

  /** Marks a value as an output of the graph. */
  output(value: OnnxValue): void {
    this.#outputs.push(value);
  }

  /** Adds a node with one output. */
  node(
    operator: string,
    name: ValueName,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): ValueName {
    this.#nodes.push({ operator, name, inputs, attributes });
    return name;
  }

  /** Adds a constant, unless one of this name exists: the calls of a network share its weights. */
  constant(name: ValueName, shape: readonly number[], values: () => Float32Array): ValueName {
    if (!this.#constants.has(name)) this.#constants.set(name, { name, shape, values: values() });
    return name;
  }

  /** Adds a vector of whole numbers, such as pads, unless one of this name exists. */
  integers(name: ValueName, values: readonly number[]): ValueName {
    if (!this.#constants.has(name))
      this.#constants.set(name, { name, shape: [values.length], values: BigInt64Array.from(values, BigInt) });
    return name;
  }

  build(name: string): OnnxGraph {
    return {
      name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      constants: [...this.#constants.values()],
    };
  }
}
