import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './onnx-graph.ts';
import { quantizeGraph, type ValueRange } from './quantize-graph.ts';

/** The name of a value in the graph. */
export type ValueName = string;

/** Collects the nodes and constants of a graph. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<ValueName, OnnxTensor>();
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  readonly #ranges = new Map<ValueName, ValueRange>();
  /** Inputs, constants and outputs of nodes share one set of names. */
  readonly #names = new Set<ValueName>();

  /** @throws Error if a value of this name exists, as do the other methods that take a name. */
  input(value: OnnxValue): ValueName {
    this.#inputs.push(value);
    return this.#define(value.name);
  }

  /** Marks a value as an output of the graph. */
  output(value: OnnxValue): void {
    this.#outputs.push(value);
  }

  /** Adds a node with one output, which has the node's name. */
  node(
    operator: string,
    name: ValueName,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): ValueName {
    for (const input of inputs)
      if (!this.#names.has(input)) throw new Error(`node ${name} of the ONNX graph has an unknown input: ${input}`);
    this.#nodes.push({ operator, name, inputs, attributes });
    return this.#define(name);
  }

  /** Adds a constant; its memory is read when the graph is encoded. */
  constant(name: ValueName, shape: readonly number[], values: Float32Array): ValueName {
    const count = shape.reduce((product, side) => product * side, 1);
    if (values.length !== count)
      throw new Error(`constant ${name} of the ONNX graph has ${values.length} numbers; its shape has ${count}`);
    this.#constants.set(name, { name, shape, values });
    return this.#define(name);
  }

  /** A float without dimensions; equal numbers are one constant. */
  number(value: number): ValueName {
    const name = `number/${value}`;
    return this.#constants.has(name) ? name : this.constant(name, [], Float32Array.of(value));
  }

  /** A vector of integers, such as pads; equal vectors are one constant. */
  integers(values: readonly number[]): ValueName {
    const name = `integers/${values.join('_')}`;
    if (this.#constants.has(name)) return name;
    this.#constants.set(name, { name, shape: [values.length], values: BigInt64Array.from(values, BigInt) });
    return this.#define(name);
  }

  has(name: ValueName): boolean {
    return this.#names.has(name);
  }

  /** Lets a value be stored as 8-bit integers, which represent this range. */
  quantize(name: ValueName, range: ValueRange): void {
    this.#ranges.set(name, range);
  }

  build(name: string): OnnxGraph {
    const graph = {
      name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      constants: [...this.#constants.values()],
    };
    return this.#ranges.size === 0 ? graph : quantizeGraph(graph, this.#ranges);
  }

  #define(name: ValueName): ValueName {
    if (this.#names.has(name)) throw new Error(`the ONNX graph has two values of the same name: ${name}`);
    this.#names.add(name);
    return name;
  }
}
