/** A graph that becomes a function; infers the output shapes when an operation is added. */
import type { Binding, OpAttribute, OutputDescription } from '../tensorflow.ts';
import { attrValue, type Numbers, shapeValue, tensorValue, typeValue } from './attr-value.ts';
import { argumentsOf, type OpDefinition, parseOpDefinition } from './op-definition.ts';

export interface AddedOperation {
  operation: number;
  outputs: OutputDescription[];
}

export class FunctionGraph {
  readonly #binding: Binding;
  readonly #graph: number;
  /** For each operation, the operations that must run before it. */
  readonly #before: number[][] = [];
  /** For each output, the operation that produces it. */
  readonly #maker: number[] = [];

  constructor(binding: Binding) {
    this.#binding = binding;
    this.#graph = binding.createGraph();
  }

  /**
   * Adds an operation.
   *
   * @param inputs outputs of earlier operations, as a flat list, as tfjs's kernels pass them.
   * @param controls operations that must run before.
   * @throws Error with TensorFlow's message when the inputs are invalid.
   */
  add(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    controls: Iterable<number> = [],
  ): AddedOperation {
    const values = attributes.flatMap((attribute) => [attribute.name, attrValue(this.#binding, attribute)]);
    return this.#addOperation(type, inputs, argumentsOf(this.definition(type), inputs), values, [...controls]);
  }

  placeholder(dtype: number, shape: readonly number[]): AddedOperation {
    return this.#source('Placeholder', ['dtype', typeValue(dtype), 'shape', shapeValue(shape)]);
  }

  constant(dtype: number, shape: readonly number[], values: Numbers): AddedOperation {
    return this.#source('Const', ['dtype', typeValue(dtype), 'value', tensorValue(dtype, shape, values)]);
  }

  /** Sets a shape that TensorFlow cannot infer. */
  setShape(output: number, shape: readonly number[]): void {
    this.#binding.setShape(this.#graph, output, Int32Array.from(shape));
  }

  /** @throws Error when TensorFlow has no such op. */
  definition(type: string): OpDefinition {
    const known = definitions.get(type);
    if (known !== undefined) return known;
    const definition = parseOpDefinition(this.#binding.operationDefinition(this.#graph, type));
    definitions.set(type, definition);
    return definition;
  }

  /**
   * Adds the operations that `outputs` and `controls` need to this thread's context, as a function. Operations in `controls`
   * run even if no output depends on them.
   */
  addFunction(name: string, inputs: readonly number[], outputs: readonly number[], controls: Iterable<number>): void {
    this.#binding.addFunction(
      this.#graph,
      name,
      Int32Array.from(inputs),
      Int32Array.from(outputs),
      Int32Array.from(controls),
      Int32Array.from(this.#neededFor(inputs, outputs, controls)),
    );
  }

  dispose(): void {
    this.#binding.deleteGraph(this.#graph);
  }

  #source(type: string, attributes: (string | Uint8Array)[]): AddedOperation {
    return this.#addOperation(type, [], [], attributes, []);
  }

  #addOperation(
    type: string,
    inputs: readonly number[],
    args: (number | Int32Array)[],
    attributes: (string | Uint8Array)[],
    controls: readonly number[],
  ): AddedOperation {
    const added = this.#binding.addOperation(this.#graph, type, args, attributes, Int32Array.from(controls));
    this.#before[added.operation] = [...inputs.map((input) => this.#maker[input]!), ...controls];
    for (const { id } of added.outputs) this.#maker[id] = added.operation;
    return added;
  }

  /** Returns the needed operations, except the placeholders of the inputs. */
  #neededFor(inputs: readonly number[], outputs: readonly number[], controls: Iterable<number>): Set<number> {
    const given = new Set(inputs.map((input) => this.#maker[input]!));
    const needed = new Set<number>();
    const open = [...outputs.map((output) => this.#maker[output]!), ...controls];
    for (let operation = open.pop(); operation !== undefined; operation = open.pop()) {
      if (given.has(operation) || needed.has(operation)) continue;
      needed.add(operation);
      open.push(...this.#before[operation]!);
    }
    return needed;
  }
}

// --- internal ---

const definitions = new Map<string, OpDefinition>();
