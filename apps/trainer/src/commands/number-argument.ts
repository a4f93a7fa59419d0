import { InvalidArgumentError } from 'commander';

/** Parses an option's number; commander adds the option and what was received to the message. */
export function numberArgument(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new InvalidArgumentError('Expected a number.');
  return number;
}

/** Parses an option's whole number of at least 1. */
export function wholeNumberArgument(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return Number(text);
}
