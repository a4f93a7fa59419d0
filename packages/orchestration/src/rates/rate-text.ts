/** A learning rate with two digits, such as `1.2e-3`. */
export function rateText(rate: number): string {
  return rate.toExponential(1).replace('.0e', 'e').replace('e+0', '');
}
