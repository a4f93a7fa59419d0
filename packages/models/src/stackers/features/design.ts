/** Products of a matrix of features with coefficients and with its transpose: where a fit spends its time. */

/** Some rows of a matrix of features. */
export interface Design {
  /** [all rows, width] */
  values: Float32Array;
  width: number;
  /** The rows in use. */
  rows: Uint32Array;
}

/** Rows that are multiplied with coefficients and with the transpose before they leave the processor's cache. */
export const rowsPerBlock = 16;

/**
 * Coefficients × rows, for the positions from `start` to `end` of the design's rows.
 *
 * @param coefficients per output: one for each feature, then the bias.
 * @param scores [rows, outputs]; the block's rows are overwritten.
 */
export function scoreRows(
  { values, width, rows }: Design,
  start: number,
  end: number,
  coefficients: Float64Array,
  outputCount: number,
  scores: Float64Array,
): void {
  for (let output = 0; output < outputCount; output += 1) {
    const first = output * (width + 1);
    const last = first + width;
    const bias = coefficients[last]!;
    let position = start;
    // Four sums at once: one would wait for each of its additions.
    for (; position + 4 <= end; position += 4) {
      let a = rows[position]! * width;
      let b = rows[position + 1]! * width;
      let c = rows[position + 2]! * width;
      let d = rows[position + 3]! * width;
      let [ofA, ofB, ofC, ofD] = [bias, bias, bias, bias];
      for (let index = first; index < last; index += 1) {
        const coefficient = coefficients[index]!;
        ofA += coefficient * values[a]!;
        ofB += coefficient * values[b]!;
        ofC += coefficient * values[c]!;
        ofD += coefficient * values[d]!;
        a += 1;
        b += 1;
        c += 1;
        d += 1;
      }
      const at = position * outputCount + output;
      scores[at] = ofA;
      scores[at + outputCount] = ofB;
      scores[at + 2 * outputCount] = ofC;
      scores[at + 3 * outputCount] = ofD;
    }
    for (; position < end; position += 1) {
      let at = rows[position]! * width;
      let sum = bias;
      for (let index = first; index < last; index += 1) {
        sum += coefficients[index]! * values[at]!;
        at += 1;
      }
      scores[position * outputCount + output] = sum;
    }
  }
}

/**
 * Adds slopes × rows to a gradient, for the positions from `start` to `end` of the design's rows.
 *
 * @param slopes [rows, outputs]: derivatives with respect to the scores.
 * @param gradient in the layout of the coefficients.
 */
export function addRows(
  { values, width, rows }: Design,
  start: number,
  end: number,
  slopes: Float64Array,
  outputCount: number,
  gradient: Float64Array,
): void {
  for (let output = 0; output < outputCount; output += 1) {
    const first = output * (width + 1);
    const last = first + width;
    let position = start;
    for (; position + 4 <= end; position += 4) {
      let a = rows[position]! * width;
      let b = rows[position + 1]! * width;
      let c = rows[position + 2]! * width;
      let d = rows[position + 3]! * width;
      const at = position * outputCount + output;
      const ofA = slopes[at]!;
      const ofB = slopes[at + outputCount]!;
      const ofC = slopes[at + 2 * outputCount]!;
      const ofD = slopes[at + 3 * outputCount]!;
      for (let index = first; index < last; index += 1) {
        gradient[index]! += ofA * values[a]! + ofB * values[b]! + ofC * values[c]! + ofD * values[d]!;
        a += 1;
        b += 1;
        c += 1;
        d += 1;
      }
      gradient[last]! += ofA + ofB + ofC + ofD;
    }
    for (; position < end; position += 1) {
      let at = rows[position]! * width;
      const slope = slopes[position * outputCount + output]!;
      for (let index = first; index < last; index += 1) {
        gradient[index]! += slope * values[at]!;
        at += 1;
      }
      gradient[last]! += slope;
    }
  }
}
